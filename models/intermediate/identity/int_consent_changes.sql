{#-
    Grain: one row per person, channel, purpose and time at which a consent was given or refused; changed_at
    is NULL for a refusal whose date cannot be read. Why it exists: consent fails closed. A status that
    cannot be read counts as denied, and an unsubscribe or a complaint refuses the channel.
-#}

with

consents as (

    select * from {{ ref('checked_consents') }}

),

messages as (

    select * from {{ ref('checked_messages') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

-- sound rows, and of the quarantined ones (copies and older versions apart) every one that is no grant
changes as (

    select
        customer_id as source_customer_id,
        channel,
        coalesce(purpose, 'marketing') as purpose,
        case when status in ('granted', 'denied', 'withdrawn') then status else 'denied' end as status,
        changed_at,
        failed_rules
    from consents
    where
        customer_id is not null
        and channel is not null
        and (failed_rules is null or coalesce(status, 'denied') <> 'granted')

    union all

    select
        customer_id as source_customer_id,
        channel,
        'marketing' as purpose,
        'unsubscribed' as status,
        occurred_at as changed_at,
        failed_rules
    from messages
    where
        customer_id is not null
        and channel is not null
        and event_type in ('unsubscribed', 'complained')

),

dated as (

    select
        source_customer_id,
        channel,
        purpose,
        status,
        case
            when failed_rules is null or failed_rules in ('unknown_status', 'missing_status', 'unknown_purpose')
                then changed_at
        end as changed_at
    from changes
    where
        failed_rules is null
        or (failed_rules not like '%exact_duplicate%' and failed_rules not like '%superseded%')

),

final as (

    select distinct
        identities.customer_id,
        dated.channel,
        dated.purpose,
        dated.status,
        case dated.status
            when 'unsubscribed' then 1
            when 'withdrawn' then 2
            when 'denied' then 3
            else 4
        end as leniency,
        {{ clm.business_day('dated.changed_at') }} as changed_on,
        dated.changed_at
    from dated
    inner join identities
        on identities.id_kind = 'customer'
        and dated.source_customer_id = identities.source_id

)

select * from final
