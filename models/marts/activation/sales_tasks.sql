{#-
    Grain: one row per message to send of a campaign of kind task. Why it exists: what the CRM shows a salesperson:
    whom to contact, by when, and what to do and say.
-#}
{%- set payload = [
    'message_key', 'customer_id', 'campaign_id', 'channel', 'wave', 'variant', 'owner_id', 'due_on', 'title_en',
    'title_zh', 'instructions_en', 'instructions_zh', 'full_name', 'email', 'phone', 'segment', 'lifecycle_stage',
    'offer',
] %}

with

outbox as (

    select * from {{ ref('campaign_outbox') }}

),

decisions as (

    select * from {{ ref('segment_campaign') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

playbook as (

    select
        scope_kind,
        scope,
        does_en || '. Say: ' || says_en as instructions_en,
        does_zh || '。可以这样说：' || says_zh as instructions_zh
    from {{ ref('sales_playbook') }}

),

-- a segment tells more than a stage; a segment of one's own may be missing in the playbook
tasks as (

    select
        outbox.message_key,
        outbox.person_key,
        outbox.customer_id,
        outbox.campaign_id,
        outbox.channel,
        outbox.wave,
        outbox.variant,
        case
            when campaigns.task_owner = 'customer_owner' then customers.owner_id
            else campaigns.task_owner
        end as owner_id,
        {{ clm.add_days('outbox.as_of_date', 'campaigns.task_due_days') }} as due_on,
        campaigns.name_en as title_en,
        campaigns.name_zh as title_zh,
        coalesce(by_segment.instructions_en, by_stage.instructions_en) as instructions_en,
        coalesce(by_segment.instructions_zh, by_stage.instructions_zh) as instructions_zh,
        customers.full_name,
        customers.email,
        customers.phone,
        decisions.segment,
        decisions.lifecycle_stage,
        outbox.offer,
        outbox.send_after,
        outbox.send_before,
        outbox.as_of_date
    from outbox
    inner join decisions on outbox.message_key = decisions.message_key
    inner join campaigns on outbox.campaign_id = campaigns.campaign_id
    inner join customers on outbox.customer_id = customers.customer_id
    left join playbook as by_segment
        on by_segment.scope_kind = 'segment'
        and decisions.segment = by_segment.scope
    left join playbook as by_stage
        on by_stage.scope_kind = 'lifecycle_stage'
        and decisions.lifecycle_stage = by_stage.scope
    where campaigns.kind = 'task'

),

final as (

    select
        tasks.*,
        {{ clm.payload_hash(payload, plain=['wave']) }} as payload_hash
    from tasks

)

select * from final
