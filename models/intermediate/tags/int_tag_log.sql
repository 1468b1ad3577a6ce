{#-
    Grain: one row per as-of date that was built and tag (and value) that somebody got or lost since the
    build before, and one row per date for the run itself. Why it exists: what activation triggers read, and
    the only history of tags as they were seen. A build of a date replaces that date; a build of a date
    before the latest changes nothing (docs/tags.md). Entries of personal tags go when a person is erased.
-#}
{{ config(
    materialized='incremental', incremental_strategy=clm.log_strategy(), unique_key=clm.log_key(),
    partition_by=clm.log_partition(), full_refresh=false, alias=clm.log_alias(model)
) }}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

held as (

    select * from {{ ref('int_tags_held') }}

),

documented as (

    select * from {{ ref('int_tags_documented') }}

),

erased as (

    select * from {{ ref('int_erased_people') }}

),

entries as (
    {% if is_incremental() %}
    select * from {{ this }}
    {% else %}
    select
        {{ clm.as_text('null') }} as customer_id,
        {{ clm.as_text('null') }} as tag,
        {{ clm.as_text('null') }} as tag_value,
        {{ clm.as_text('null') }} as previous_value,
        {{ clm.as_text('null') }} as entry_kind,
        cast(null as integer) as rule_version,
        as_of_date
    from as_of
    where 1 = 0
    {% endif %}
),

{{ clm.log_days() }},

-- what an erased person's attributes made true (or a tag that nobody documents any more) is forgotten
judged as (

    select
        entries.*,
        coalesce(erased.customer_id is not null and coalesce(documented.is_personal, true), false) as is_forgotten
    from entries
    left join erased on entries.customer_id = erased.customer_id
    left join documented on entries.tag = documented.tag

),

earlier as (

    select judged.*
    from judged
    inner join writing on judged.as_of_date < writing.as_of_date
    where not judged.is_forgotten

),

-- who had what before this day, beside who has what on it
steps as (

    select
        customer_id,
        tag,
        tag_value,
        step as was_held,
        0 as is_held
    from (
        {{ clm.tag_log_steps('earlier') }}
    ) as earlier_steps

    union all

    select
        customer_id,
        tag,
        tag_value,
        0 as was_held,
        1 as is_held
    from held

),

compared as (

    select
        customer_id,
        tag,
        tag_value,
        max(is_held) as is_held
    from steps
    group by customer_id, tag, tag_value
    having sum(was_held) <> max(is_held)

),

-- one value of a text tag for another is one change
changes as (

    select
        compared.customer_id,
        compared.tag,
        max(case when compared.is_held = 1 then compared.tag_value end) as tag_value,
        max(case when compared.is_held = 0 then compared.tag_value end) as previous_value,
        case
            when min(compared.is_held) <> max(compared.is_held) then 'changed'
            when max(compared.is_held) = 1 then 'added'
            else 'removed'
        end as entry_kind,
        max(documented.rule_version) as rule_version
    from compared
    left join documented on compared.tag = documented.tag
    group by compared.customer_id, compared.tag, case when documented.kind <> 'text' then compared.tag_value end

),

-- the day of this build, and going back: a later day keeps one row that says it was dropped
days as (

    select
        'run' as entry_kind,
        as_of_date
    from writing

    union all

    select
        'rewound' as entry_kind,
        entries.as_of_date
    from entries
    inner join writing on entries.as_of_date > writing.as_of_date
    where entries.entry_kind = 'run'

),

-- a day with something to forget is written again as a whole
touched as (

    select distinct as_of_date
    from judged
    where is_forgotten

),

kept as (

    select judged.*
    from judged
    inner join touched on judged.as_of_date = touched.as_of_date
    left join days on judged.as_of_date = days.as_of_date
    where days.as_of_date is null and not judged.is_forgotten

),

final as (

    select
        changes.customer_id,
        changes.tag,
        changes.tag_value,
        changes.previous_value,
        changes.entry_kind,
        changes.rule_version,
        writing.as_of_date
    from changes
    cross join writing

    union all

    select
        {{ clm.as_text('null') }} as customer_id,
        {{ clm.as_text('null') }} as tag,
        {{ clm.as_text('null') }} as tag_value,
        {{ clm.as_text('null') }} as previous_value,
        entry_kind,
        cast(null as integer) as rule_version,
        as_of_date
    from days

    union all

    select
        customer_id,
        tag,
        tag_value,
        previous_value,
        entry_kind,
        rule_version,
        as_of_date
    from kept

)

select * from final
