{#-
    Grain: one row per raw row that failed a cleaning rule. Why it exists: no raw row is lost; what is
    not staged is here, with every rule it failed and the row as it came.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

failed as (
    {%- for table in clm.cleaned_tables() %}
    select
        '{{ table }}' as source_table,
        record_key,
        failed_rules,
        record
    from {{ ref('checked_' ~ table) }}
    where failed_rules is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        failed.source_table,
        failed.record_key,
        failed.failed_rules as rule,
        failed.record,
        as_of.as_of_date
    from failed
    cross join as_of

)

select * from final
