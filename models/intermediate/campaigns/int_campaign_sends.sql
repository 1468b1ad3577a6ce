{#-
    Grain: one row per message of a campaign that went out, or may have gone out, up to the as-of date: what the
    activation ledger holds as claimed, sent or unknown (by its message key; of an audience, every batch that added
    the person), and what a sender reports in `messages` under a campaign's id, of this catalogue or not. Why it
    exists: what went out is a fact like any other, dated by its business day.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

ledger as (

    select * from {{ ref('base_activation_event') }}

),

messages as (

    select * from {{ ref('stg_messages') }}

),

person_keys as (

    select * from {{ ref('int_person_keys') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

-- whoever was added to an audience was reached that day, though removed since; a key is added again after a removal
ranked as (

    select
        message_key,
        op,
        case when op = 'add' then coalesce(batch_id, '') end as added_by,
        channel,
        campaign_id,
        person_key,
        vendor_id,
        state,
        {{ clm.read_timestamp('event_at') }} as event_at,
        {{ clm.business_day(clm.read_timestamp('event_at')) }} as event_on,
        row_number() over (
            partition by message_key, op, case when op = 'add' then coalesce(batch_id, '') end
            order by {{ clm.read_timestamp('event_at') }} desc, {{ clm.byte_order('event_id') }} desc
        ) as place
    from ledger
    where message_key is not null and (op = 'send' or (op = 'add' and campaign_id is not null))

),

reported as (

    select
        identities.customer_id,
        messages.message_id,
        messages.campaign_id,
        messages.channel,
        min(messages.occurred_on) as sent_on,
        min(messages.occurred_at) as sent_at
    from messages
    inner join identities
        on identities.id_kind = 'customer'
        and messages.source_customer_id = identities.source_id
    where messages.event_type = 'sent' and messages.campaign_id is not null
    group by identities.customer_id, messages.message_id, messages.campaign_id, messages.channel

),

ledger_sends as (

    select
        ranked.message_key || coalesce('|' || ranked.added_by, '') as send_id,
        case when ranked.op = 'send' then ranked.message_key end as message_key,
        ranked.vendor_id,
        ranked.channel,
        ranked.campaign_id,
        person_keys.customer_id,
        coalesce(person_keys.is_former, false) as is_former,
        ranked.event_on as sent_on,
        ranked.event_at as sent_at
    from ranked
    cross join as_of
    left join person_keys on ranked.person_key = person_keys.person_key
    where
        ranked.place = 1
        and ranked.state in ('claimed', 'sent', 'unknown')
        and ranked.event_on <= as_of.as_of_date

),

vendor_ids as (

    select distinct vendor_id
    from ledger_sends
    where vendor_id is not null

),

ledger_days as (

    select distinct
        customer_id,
        campaign_id,
        channel,
        sent_on
    from ledger_sends

),

-- a message that its sender reported and the ledger holds is the ledger's
final as (

    select
        'ledger' as send_source,
        send_id,
        message_key,
        is_former,
        vendor_id,
        channel,
        campaign_id,
        customer_id,
        sent_on,
        sent_at
    from ledger_sends

    union all

    select
        'messages' as send_source,
        reported.message_id as send_id,
        {{ clm.as_text('null') }} as message_key,
        false as is_former,
        reported.message_id as vendor_id,
        reported.channel,
        reported.campaign_id,
        reported.customer_id,
        reported.sent_on,
        reported.sent_at
    from reported
    cross join as_of
    left join vendor_ids on reported.message_id = vendor_ids.vendor_id
    left join ledger_days
        on reported.customer_id = ledger_days.customer_id
        and reported.campaign_id = ledger_days.campaign_id
        and reported.channel = ledger_days.channel
        and reported.sent_on = ledger_days.sent_on
    where
        reported.sent_on <= as_of.as_of_date
        and vendor_ids.vendor_id is null
        and ledger_days.customer_id is null

)

select * from final
