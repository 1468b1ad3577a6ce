{#-
    Fails for every message of the activation ledger to somebody who, when it went out, was in the global control group or
    in the control of its campaign. People of both arms at that time (ids merged since) prove nothing: they are mixed.
-#}

with

sends as (

    select * from {{ ref('int_campaign_sends') }}
    where send_source = 'ledger'

),

journeys as (

    select * from {{ ref('journeys') }}

),

assignments as (

    select * from {{ ref('campaign_assignments') }}

),

grouped as (

    select
        sends.send_id,
        sends.customer_id,
        sends.campaign_id,
        sends.channel,
        sends.sent_on,
        coalesce(journeys.journey_id, sends.campaign_id) as control_group
    from sends
    left join journeys on sends.campaign_id = journeys.campaign_id

)

select
    grouped.send_id,
    grouped.customer_id,
    grouped.campaign_id,
    grouped.channel,
    grouped.sent_on,
    min(assignments.assigned_on) as assigned_on,
    case when assignments.control_group = '(global)' then 'global control' else 'campaign control' end as fault
from grouped
inner join assignments
    on grouped.customer_id = assignments.customer_id
    and (assignments.control_group = '(global)' or grouped.control_group = assignments.control_group)
    and grouped.sent_on >= assignments.assigned_on
group by
    grouped.send_id,
    grouped.customer_id,
    grouped.campaign_id,
    grouped.channel,
    grouped.sent_on,
    assignments.control_group
having max(assignments.assigned_arm) = 'control'
