{#-
    Grain: one row per person, channel and purpose with a consent given or refused up to the as-of
    date. Why it exists: the latest change decides, at equal times the stricter one; a refusal whose
    date cannot be read holds for good, and an unsubscribe holds until a later grant.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

changes as (

    select * from {{ ref('int_consent_changes') }}

),

ranked as (

    select
        changes.customer_id,
        changes.channel,
        changes.purpose,
        changes.status,
        changes.changed_at,
        row_number() over (
            partition by changes.customer_id, changes.channel, changes.purpose
            order by
                case when changes.changed_at is null then 0 else 1 end asc,
                changes.changed_at desc,
                changes.leniency asc
        ) as place
    from changes
    cross join as_of
    where changes.changed_at is null or changes.changed_on <= as_of.as_of_date

),

final as (

    select
        customer_id,
        channel,
        purpose,
        status,
        changed_at
    from ranked
    where place = 1

)

select * from final
