{#-
    Fails for every message and addition of the activation ledger, of any day, that reached somebody who is in the
    global control group and was never treated under any id, or who was by then in the control of its campaign, and
    not treated.
-#}

with

reached as (

    select
        ranked.message_key,
        ranked.channel,
        ranked.campaign_id,
        person_keys.customer_id,
        {{ clm.business_day('ranked.event_at') }} as reached_on
    from (
        select
            ledger.message_key,
            ledger.channel,
            ledger.campaign_id,
            ledger.person_key,
            ledger.state,
            {{ clm.read_timestamp('ledger.event_at') }} as event_at,
            row_number() over (
                partition by ledger.message_key, ledger.op, ledger.batch_id
                order by {{ clm.read_timestamp('ledger.event_at') }} desc, {{ clm.byte_order('ledger.event_id') }} desc
            ) as place
        from {{ ref('base_activation_event') }} as ledger
        where ledger.op in ('send', 'add') and ledger.campaign_id is not null
    ) as ranked
    inner join {{ ref('int_person_keys') }} as person_keys on ranked.person_key = person_keys.person_key
    where ranked.place = 1 and ranked.state in ('claimed', 'sent', 'unknown')

),

control_log as (

    select
        coalesce(former_ids.customer_id, control_log.customer_id) as customer_id,
        max(control_log.arm) as arm
    from {{ ref('int_control_log') }} as control_log
    left join {{ ref('int_former_ids') }} as former_ids on control_log.customer_id = former_ids.former_id
    where control_log.entry_kind = 'assigned'
    group by coalesce(former_ids.customer_id, control_log.customer_id)

),

journeys as (

    select * from {{ ref('journeys') }}

),

assignments as (

    select * from {{ ref('campaign_assignments') }}

),

campaign_arms as (

    select
        reached.message_key,
        reached.customer_id,
        reached.reached_on,
        max(assignments.assigned_arm) as arm
    from reached
    left join journeys on reached.campaign_id = journeys.campaign_id
    inner join assignments
        on reached.customer_id = assignments.customer_id
        and coalesce(journeys.journey_id, reached.campaign_id) = assignments.control_group
        and reached.reached_on >= assignments.assigned_on
    group by reached.message_key, reached.customer_id, reached.reached_on

)

select
    reached.message_key,
    reached.customer_id,
    reached.reached_on,
    'global control' as fault
from reached
inner join control_log on reached.customer_id = control_log.customer_id
where control_log.arm = 'control'

union all

select
    message_key,
    customer_id,
    reached_on,
    'campaign control' as fault
from campaign_arms
where arm = 'control'
