{#-
    Grain: one row per person, channel and purpose with a consent that was ever given or refused up to
    the as-of date. Why it exists: consent fails closed. A status that cannot be read counts as denied,
    at equal times the stricter wins, and an unsubscribe holds until a later grant.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

checked as (

    select * from {{ ref('checked_consents') }}

),

messages as (

    select * from {{ ref('stg_messages') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

changes as (

    select
        customer_id as source_customer_id,
        channel,
        coalesce(purpose, 'marketing') as purpose,
        case when failed_rules is null then status else 'denied' end as status,
        changed_at
    from checked
    where
        customer_id is not null
        and channel is not null
        and changed_at is not null
        and (failed_rules is null or failed_rules in ('unknown_status', 'missing_status'))

    union all

    select
        source_customer_id,
        channel,
        'marketing' as purpose,
        'unsubscribed' as status,
        occurred_at as changed_at
    from messages
    where event_type in ('unsubscribed', 'complained') and source_customer_id is not null

),

ranked as (

    select
        identities.customer_id,
        changes.channel,
        changes.purpose,
        changes.status,
        changes.changed_at,
        row_number() over (
            partition by identities.customer_id, changes.channel, changes.purpose
            order by
                changes.changed_at desc,
                case changes.status
                    when 'unsubscribed' then 1
                    when 'withdrawn' then 2
                    when 'denied' then 3
                    else 4
                end asc
        ) as place
    from changes
    cross join as_of
    inner join identities
        on identities.id_kind = 'customer'
        and changes.source_customer_id = identities.source_id
    where {{ clm.business_day('changes.changed_at') }} <= as_of.as_of_date

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
