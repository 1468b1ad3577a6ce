{#-
    Grain: one row per as-of date that was built and tag (and value) that somebody got, lost or changed
    since the build before. Why it exists: what to react to; triggers of activation read it.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

entries as (

    select * from {{ ref('int_tag_log') }}

),

final as (

    select
        entries.as_of_date,
        entries.customer_id,
        entries.tag,
        entries.tag_value,
        entries.entry_kind as change,
        entries.previous_value,
        entries.rule_version
    from entries
    inner join as_of on entries.as_of_date <= as_of.as_of_date
    where entries.customer_id is not null

)

select * from final
