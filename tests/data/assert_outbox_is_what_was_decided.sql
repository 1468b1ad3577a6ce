{#-
    Fails for every message that is planned but not decided, or decided to be sent but not planned.
-#}

with

sends as (

    select * from {{ ref('segment_campaign') }}
where decision = 'send'

),

outbox as (

    select * from {{ ref('campaign_outbox') }}

)

select
    coalesce(sends.message_key, outbox.message_key) as message_key,
    sends.customer_id as decided_customer_id,
    outbox.customer_id as planned_customer_id
from sends
full outer join outbox on sends.message_key = outbox.message_key
where
    sends.message_key is null
    or outbox.message_key is null
    or sends.customer_id <> outbox.customer_id
    or sends.channel <> outbox.channel
    or sends.campaign_id <> outbox.campaign_id
