{#-
    Grain: one row per message to send. Why it exists: what the activation script reads: decided
    messages joined with the address they go to, and nothing that was not chosen for it.
-#}
{%- set payload = [
    'message_key', 'customer_id', 'campaign_id', 'channel', 'variant', 'wave', 'priority', 'offer', 'template',
    'address', 'full_name', 'language', 'segment', 'favourite_category', 'recommended_product_ids',
] %}

with

decisions as (

    select * from {{ ref('segment_campaign') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

channels as (

    select * from {{ ref('channels') }}

),

messages as (

    select
        decisions.message_key,
        {{ clm.person_key('decisions.customer_id') }} as person_key,
        decisions.customer_id,
        decisions.campaign_id,
        decisions.channel,
        decisions.variant,
        decisions.wave,
        decisions.priority,
        decisions.offer,
        decisions.template,
        case channels.address_kind
            when 'email' then customers.email
            when 'phone' then customers.phone
        end as address,
        customers.full_name,
        customers.language,
        decisions.segment,
        decisions.favourite_category,
        decisions.recommended_product_ids,
        decisions.cost_amount,
        decisions.send_after,
        decisions.send_before,
        decisions.consent_id,
        decisions.as_of_date
    from decisions
    inner join customers on decisions.customer_id = customers.customer_id
    inner join channels on decisions.channel = channels.channel
    where decisions.decision = 'send'

),

final as (

    select
        messages.*,
        {{ clm.payload_hash(payload, plain=['wave', 'priority']) }} as payload_hash
    from messages

)

select * from final
