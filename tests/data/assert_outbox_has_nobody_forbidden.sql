{#-
    Fails for every planned message to a person of a control group, erased, suppressed, without the address
    or without the granted consent that the channel needs. Looked up again, not read off the decision.
-#}

with

outbox as (

    select * from {{ ref('campaign_outbox') }}

),

customers as (

    select * from {{ ref('customer_lifecycle') }}

),

channels as (

    select * from {{ ref('channels') }}

),

suppressions as (

    select * from {{ ref('int_campaign_suppressions') }}

),

granted as (

    select * from {{ ref('int_consents_in_force') }}
where status = 'granted'

),

considered as (

    select * from {{ ref('int_campaign_considered') }}

),

-- the arm that was drawn first holds, whatever the share is now
global_control as (

    select distinct customer_id
    from {{ ref('campaign_assignments') }}
    where control_group = '(global)' and arm = 'control'

)

select
    outbox.message_key,
    outbox.customer_id,
    outbox.channel,
    case
        when customers.customer_id is null then 'unknown person'
        when customers.is_global_control or global_control.customer_id is not null then 'global control'
        when considered.message_key is null or considered.is_campaign_control then 'campaign control'
        when suppressions.customer_id is not null then suppressions.reason
        when channels.address_kind in ('email', 'phone') and outbox.address is null then 'no address'
        else 'no consent'
    end as fault
from outbox
left join customers on outbox.customer_id = customers.customer_id
left join channels on outbox.channel = channels.channel
left join considered on outbox.message_key = considered.message_key
left join global_control on outbox.customer_id = global_control.customer_id
left join suppressions
    on outbox.customer_id = suppressions.customer_id
    and (suppressions.channel is null or outbox.channel = suppressions.channel)
left join granted
    on outbox.customer_id = granted.customer_id
    and channels.consent_channel = granted.channel
    and channels.consent_purpose = granted.purpose
where
    customers.customer_id is null
    or channels.channel is null
    or customers.is_global_control
    or global_control.customer_id is not null
    or considered.message_key is null
    or considered.is_campaign_control
    or suppressions.customer_id is not null
    or (channels.address_kind in ('email', 'phone') and outbox.address is null)
    or (channels.consent_channel is not null and granted.customer_id is null)
