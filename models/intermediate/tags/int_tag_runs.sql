{#-
    Grain: one row per as-of date that was built and documented tag, and one row per date for the run
    itself. Why it exists: how many people had a tag at each build, which no later build can know. A build
    of a date replaces that date; a build of a date before the latest changes nothing (docs/tags.md).
-#}
{{ config(
    materialized='incremental', incremental_strategy=clm.log_strategy(), unique_key=clm.log_key(),
    partition_by=clm.log_partition(), full_refresh=false, alias=clm.log_alias(model)
) }}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

counted as (

    select * from {{ ref('int_tags_counted') }}

),

entries as (
    {% if is_incremental() %}
    select * from {{ this }}
    {% else %}
    select
        'run' as entry_kind,
        as_of_date
    from as_of
    where 1 = 0
    {% endif %}
),

{{ clm.log_days() }},

final as (

    select
        'tag' as entry_kind,
        counted.tag,
        counted.rule_version,
        counted.customer_count,
        counted.population_count,
        counted.as_of_date
    from counted
    inner join writing on counted.as_of_date = writing.as_of_date

    union all

    select
        'run' as entry_kind,
        cast(null as {{ clm.type_text() }}) as tag,
        cast(null as integer) as rule_version,
        cast(null as integer) as customer_count,
        cast(null as integer) as population_count,
        writing.as_of_date
    from writing

    union all

    -- going back: a later day keeps one row that says it was dropped
    select
        'rewound' as entry_kind,
        cast(null as {{ clm.type_text() }}) as tag,
        cast(null as integer) as rule_version,
        cast(null as integer) as customer_count,
        cast(null as integer) as population_count,
        entries.as_of_date
    from entries
    inner join writing on entries.as_of_date > writing.as_of_date
    where entries.entry_kind = 'run'

)

select * from final
