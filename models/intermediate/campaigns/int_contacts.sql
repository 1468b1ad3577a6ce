{#-
    Grain: one row per person, channel and day on which messages went out, in the longest window of any frequency cap. Why it
    exists: caps count every sender: all messages reported as sent, and those of the activation ledger that no sender
    reported (by the vendor's id, or the same campaign, channel and day).
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

messages as (

    select * from {{ ref('stg_messages') }}

),

sends as (

    select * from {{ ref('int_campaign_sends') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

channels as (

    select * from {{ ref('channels') }}

),

caps as (

    select * from {{ ref('frequency_caps') }}

),

longest as (

    select coalesce(max(window_days), 0) as window_days
    from caps

),

reported as (

    select
        identities.customer_id,
        messages.channel,
        messages.message_id,
        messages.campaign_id,
        min(messages.occurred_on) as sent_on
    from messages
    inner join identities
        on identities.id_kind = 'customer'
        and messages.source_customer_id = identities.source_id
    where messages.event_type = 'sent'
    group by identities.customer_id, messages.channel, messages.message_id, messages.campaign_id

),

reported_ids as (

    select distinct message_id
    from reported

),

reported_days as (

    select distinct
        customer_id,
        channel,
        campaign_id,
        sent_on
    from reported
    where campaign_id is not null

),

contacts as (

    select
        customer_id,
        channel,
        sent_on
    from reported

    union all

    select
        sends.customer_id,
        sends.channel,
        sends.sent_on
    from sends
    left join reported_ids on sends.vendor_id = reported_ids.message_id
    left join reported_days
        on sends.customer_id = reported_days.customer_id
        and sends.channel = reported_days.channel
        and sends.campaign_id = reported_days.campaign_id
        and sends.sent_on = reported_days.sent_on
    where
        sends.send_source = 'ledger'
        and sends.customer_id is not null
        and reported_ids.message_id is null
        and reported_days.customer_id is null

),

-- a channel that nobody described is taken for messages
final as (

    select
        contacts.customer_id,
        contacts.channel,
        contacts.sent_on,
        cast(count(*) as integer) as message_count
    from contacts
    cross join as_of
    cross join longest
    left join channels on contacts.channel = channels.channel
    where
        contacts.sent_on <= as_of.as_of_date
        and {{ clm.days_between('contacts.sent_on', 'as_of.as_of_date') }} < longest.window_days
        and coalesce(channels.is_message, true)
    group by contacts.customer_id, contacts.channel, contacts.sent_on

)

select * from final
