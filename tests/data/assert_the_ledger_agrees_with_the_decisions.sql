{#-
    Fails for every message of the activation ledger whose key is that of a decision of today, but whose person,
    campaign or channel is not, and for every message to send that went out already.
-#}

with

decisions as (

    select * from {{ ref('segment_campaign') }}

),

ledger as (

    select * from {{ ref('base_activation_event') }}
    where op = 'send'

),

person_keys as (

    select * from {{ ref('int_person_keys') }}

),

sends as (

    select * from {{ ref('int_campaign_sends') }}

)

select
    decisions.message_key,
    'of another' as fault
from ledger
inner join decisions on ledger.message_key = decisions.message_key
left join person_keys on ledger.person_key = person_keys.person_key
where
    coalesce(ledger.campaign_id, '') <> decisions.campaign_id
    or coalesce(ledger.channel, '') <> decisions.channel
    or coalesce(person_keys.customer_id, '') <> decisions.customer_id

union all

select
    decisions.message_key,
    'to send again' as fault
from decisions
inner join sends on decisions.message_key = sends.message_key
where decisions.decision = 'send'
