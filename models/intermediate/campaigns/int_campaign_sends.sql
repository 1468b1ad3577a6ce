{#-
    Grain: one row per message key that the activation ledger holds as claimed, sent or unknown up to
    the as-of date. Why it exists: what went out is a fact like any other, dated by its business day.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

ledger as (

    select * from {{ ref('base_activation_event') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

-- what went out to somebody under an id that is now another's went out to that other
former_keys as (

    select
        {{ clm.person_key('source_id') }} as former_key,
        {{ clm.person_key('customer_id') }} as person_key
    from identities
    where id_kind = 'customer' and source_id <> customer_id

),

ranked as (

    select
        message_key,
        channel,
        campaign_id,
        person_key,
        state,
        {{ clm.business_day(clm.read_timestamp('event_at')) }} as event_on,
        row_number() over (
            partition by message_key
            order by {{ clm.read_timestamp('event_at') }} desc, {{ clm.byte_order('event_id') }} desc
        ) as place
    from ledger
    where message_key is not null and op = 'send'

),

final as (

    select
        ranked.message_key,
        ranked.channel,
        ranked.campaign_id,
        coalesce(former_keys.person_key, ranked.person_key) as person_key,
        ranked.event_on as sent_on
    from ranked
    cross join as_of
    left join former_keys on ranked.person_key = former_keys.former_key
    where
        ranked.place = 1
        and ranked.state in ('claimed', 'sent', 'unknown')
        and ranked.event_on <= as_of.as_of_date

)

select * from final
