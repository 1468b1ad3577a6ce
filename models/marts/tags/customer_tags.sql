{#-
    Grain: one row per person, tag and value that hold on the as-of date. Why it exists: why does she have
    this tag: each row carries the feature values that made it true, and since when it was seen.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

held as (

    select * from {{ ref('int_tags_held') }}

),

observed as (

    select * from {{ ref('int_tags_observed') }}

),

final as (

    select
        held.customer_id,
        held.tag,
        held.tag_value,
        coalesce(observed.since_on, as_of.as_of_date) as since_on,
        coalesce(observed.first_true_on, as_of.as_of_date) as first_true_on,
        held.evidence,
        held.rule_version
    from held
    cross join as_of
    left join observed
        on held.customer_id = observed.customer_id
        and held.tag = observed.tag
        and coalesce(held.tag_value, '') = coalesce(observed.tag_value, '')

)

select * from final
