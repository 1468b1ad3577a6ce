{#-
    Grain: one row per channel, campaign and person who, as far as the ledger knows, is in an audience outside. Why
    it exists: what was added and no longer belongs there has to be taken out, by the key under which it was added.
-#}

with

ledger as (

    select * from {{ ref('base_activation_event') }}

),

person_keys as (

    select * from {{ ref('int_person_keys') }}

),

-- an addition that may have arrived counts, a removal only when it is known to have
ranked as (

    select
        message_key,
        channel,
        campaign_id,
        person_key,
        op,
        row_number() over (
            partition by message_key
            order by {{ clm.read_timestamp('event_at') }} desc, {{ clm.byte_order('event_id') }} desc
        ) as place
    from ledger
    where
        message_key is not null
        and campaign_id is not null
        and ((op = 'add' and state in ('sent', 'unknown')) or (op = 'remove' and state = 'sent'))

),

-- of two ids that became one person the key of today goes first
placed as (

    select
        ranked.message_key as audience_key,
        ranked.channel,
        ranked.campaign_id,
        ranked.person_key,
        person_keys.customer_id,
        row_number() over (
            partition by ranked.channel, ranked.campaign_id, coalesce(person_keys.customer_id, ranked.person_key)
            order by
                case when person_keys.is_former then 1 else 0 end asc,
                {{ clm.byte_order('ranked.message_key') }} asc
        ) as person_place
    from ranked
    left join person_keys on ranked.person_key = person_keys.person_key
    where ranked.place = 1 and ranked.op = 'add'

),

final as (

    select
        audience_key,
        channel,
        campaign_id,
        person_key,
        customer_id
    from placed
    where person_place = 1

)

select * from final
