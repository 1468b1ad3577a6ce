{#-
    Grain: one row per key of campaign_outbox, audience_members (members) and customer_profiles that must not go out
    although the mart says so. Why it exists: a view on the raw tables as they are when it is read, so that a request, a
    suppression or a refusal that came in since the build holds at once.
-#}
{{ config(materialized='view') }}

with

outgoing as (

    select * from {{ ref('int_outgoing_keys') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

identifiers as (

    select * from {{ ref('int_customer_identifiers') }}

),

requests as (

    select distinct {{ clm.read_value('inputs.customer_id', 'text') }} as requested_id
    from {{ ref('base_erasure_requests') }} as inputs
    where inputs.customer_id is not null

),

-- a suppression without a channel is of all; its time does not matter
suppressions as (

    select distinct
        {{ clm.read_value('inputs.identifier_hash', 'code') }} as identifier_hash,
        {{ clm.read_value('inputs.channel', 'code') }} as channel
    from {{ ref('base_suppressions') }} as inputs

),

refusals as (

    select * from {{ ref('int_refusals_now') }}

),

controls as (

    select * from {{ ref('int_controls_now') }}

),

erased as (

    select identities.customer_id
    from requests
    inner join identities
        on identities.id_kind = 'customer'
        and requests.requested_id = identities.source_id

    union

    select requested_id as customer_id
    from requests

),

-- every branch has the columns of the key, so that whoever asks for some keys reads no others
found as (

    select
        outgoing.message_key,
        outgoing.relation_name,
        outgoing.channel,
        outgoing.campaign_id,
        1 as place
    from outgoing
    inner join erased on outgoing.customer_id = erased.customer_id

    union all

    select
        outgoing.message_key,
        outgoing.relation_name,
        outgoing.channel,
        outgoing.campaign_id,
        2 as place
    from outgoing
    inner join identifiers on outgoing.customer_id = identifiers.customer_id
    inner join suppressions
        on identifiers.identifier_hash = suppressions.identifier_hash
        and outgoing.channel = coalesce(suppressions.channel, outgoing.channel)

    union all

    -- at one instant a refusal is stricter than the grant
    select
        outgoing.message_key,
        outgoing.relation_name,
        outgoing.channel,
        outgoing.campaign_id,
        case refusals.refusal when 'unsubscribed' then 3 else 4 end as place
    from outgoing
    inner join refusals
        on outgoing.customer_id = refusals.customer_id
        and outgoing.consent_channel = refusals.channel
        and outgoing.consent_purpose = refusals.purpose
    where refusals.refused_at is null or refusals.refused_at >= outgoing.granted_at

    union all

    select
        message_key,
        relation_name,
        channel,
        campaign_id,
        4 as place
    from outgoing
    where consent_channel is not null and granted_at is null

    union all

    select
        outgoing.message_key,
        outgoing.relation_name,
        outgoing.channel,
        outgoing.campaign_id,
        5 as place
    from outgoing
    inner join controls
        on outgoing.customer_id = controls.customer_id
        and outgoing.campaign_id = coalesce(controls.campaign_id, outgoing.campaign_id)

),

final as (

    select
        message_key,
        relation_name,
        channel,
        campaign_id,
        case min(place)
            when 1 then 'erased'
            when 2 then 'suppressed'
            when 3 then 'unsubscribed'
            when 4 then 'no_consent'
            else 'control'
        end as block_reason
    from found
    group by message_key, relation_name, channel, campaign_id

)

select * from final
