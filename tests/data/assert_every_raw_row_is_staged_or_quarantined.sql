{#-
    Fails for every raw table whose rows are not exactly its staged rows and its quarantined rows,
    or that input_reconciliation counts otherwise.
-#}

with

reconciled as (

    select * from {{ ref('input_reconciliation') }}

),

quarantined as (

    select
        source_table,
        count(*) as row_count
    from {{ ref('quarantined_records') }}
    group by source_table

),

raw_rows as (
    {%- for table in clm.cleaned_tables() %}
    select '{{ table }}' as source_table, count(*) as row_count from {{ ref('base_' ~ table) }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}

),

staged as (
    {%- for table in clm.cleaned_tables() %}
    select '{{ table }}' as source_table, count(*) as row_count from {{ ref(clm.staging_model(table)) }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        raw_rows.source_table,
        raw_rows.row_count as raw_count,
        staged.row_count as staged_count,
        coalesce(quarantined.row_count, 0) as quarantined_count
    from raw_rows
    inner join staged on raw_rows.source_table = staged.source_table
    left join quarantined on raw_rows.source_table = quarantined.source_table

)

select
    counted.*,
    reconciled.raw_count as reconciled_raw_count,
    reconciled.staged_count as reconciled_staged_count,
    reconciled.quarantined_count as reconciled_quarantined_count
from counted
left join reconciled on counted.source_table = reconciled.source_table
where
    counted.raw_count <> counted.staged_count + counted.quarantined_count
    or reconciled.source_table is null
    or reconciled.raw_count <> counted.raw_count
    or reconciled.staged_count <> counted.staged_count
    or reconciled.quarantined_count <> counted.quarantined_count
    or not reconciled.is_reconciled
