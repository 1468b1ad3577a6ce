{#-
    Grain: one row per raw table. Why it exists: it shows, at every build, that raw rows = staged rows
    + quarantined rows.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

quarantined as (

    select * from {{ ref('quarantined_records') }}

),

quarantined_counts as (

    select
        source_table,
        count(*) as row_count
    from quarantined
    group by source_table

),

raw_counts as (
    {%- for table in clm.cleaned_tables() %}
    select
        '{{ table }}' as source_table,
        count(*) as row_count
    from {{ ref('base_' ~ table) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

staged_counts as (
    {%- for table in clm.cleaned_tables() %}
    select
        '{{ table }}' as source_table,
        count(*) as row_count
    from {{ ref(clm.staging_model(table)) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        raw_counts.source_table,
        as_of.as_of_date,
        cast(raw_counts.row_count as bigint) as raw_count,
        cast(staged_counts.row_count as bigint) as staged_count,
        cast(coalesce(quarantined_counts.row_count, 0) as bigint) as quarantined_count,
        {{ clm.ratio('coalesce(quarantined_counts.row_count, 0)', 'raw_counts.row_count') }} as quarantined_rate,
        raw_counts.row_count
        = staged_counts.row_count + coalesce(quarantined_counts.row_count, 0) as is_reconciled
    from raw_counts
    cross join as_of
    inner join staged_counts on raw_counts.source_table = staged_counts.source_table
    left join quarantined_counts on raw_counts.source_table = quarantined_counts.source_table

)

select * from final
