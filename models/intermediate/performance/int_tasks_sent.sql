{#-
    Grain: one row per task message that went out up to the as-of date (activation ledger). Why it exists: whether a
    task was done is not recorded anywhere, so the person's facts tell: a purchase, an answer, a request for help or
    a call after the day it went out and within the campaign's conversion window.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

sends as (

    select * from {{ ref('int_campaign_sends') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

contacts as (

    select * from {{ ref('int_contact_days') }}

),

tasks as (

    select
        sends.message_key,
        sends.campaign_id,
        features.customer_id,
        campaigns.task_owner = 'customer_owner' as is_for_customer_owner,
        case
            when campaigns.task_owner = 'customer_owner' then coalesce(customers.owner_id, '(none)')
            else campaigns.task_owner
        end as owner_id,
        sends.sent_on,
        {{ clm.add_days('sends.sent_on', 'campaigns.task_due_days') }} as due_on,
        {{ clm.add_days('sends.sent_on', 'campaigns.conversion_window_days') }} as judged_until,
        features.lifecycle_stage,
        features.lifecycle_sub_state,
        features.churn_risk
    from sends
    inner join campaigns on sends.campaign_id = campaigns.campaign_id
    inner join features on sends.customer_id = features.customer_id
    inner join customers on features.customer_id = customers.customer_id
    where campaigns.kind = 'task' and sends.message_key is not null

),

outcomes as (

    select
        tasks.message_key,
        min(contacts.contact_on) as done_on,
        sum(contacts.order_count) as order_count,
        sum(contacts.net_revenue_amount) as net_revenue_amount
    from tasks
    inner join contacts
        on tasks.customer_id = contacts.customer_id
        and tasks.sent_on < contacts.contact_on
        and tasks.judged_until >= contacts.contact_on
    group by tasks.message_key

),

final as (

    select
        tasks.message_key,
        tasks.campaign_id,
        tasks.customer_id,
        tasks.is_for_customer_owner,
        tasks.owner_id,
        tasks.sent_on,
        tasks.due_on,
        outcomes.done_on,
        case
            when outcomes.done_on <= tasks.due_on then 'done_in_time'
            when outcomes.done_on is not null then 'done_late'
            when as_of.as_of_date > tasks.due_on then 'overdue'
            else 'open'
        end as task_state,
        coalesce(outcomes.order_count, 0) > 0 as is_bought,
        cast(coalesce(outcomes.net_revenue_amount, 0) as numeric(28, 2)) as net_revenue_amount,
        case
            when coalesce(outcomes.order_count, 0) > 0 then null
            when tasks.lifecycle_stage = 'churned' then 'churned'
            when tasks.churn_risk in ('high', 'medium') then 'churn_risk_' || tasks.churn_risk
            when tasks.lifecycle_sub_state = 'slipping' then 'slipping'
        end as loss_reason
    from tasks
    cross join as_of
    left join outcomes on tasks.message_key = outcomes.message_key

)

select * from final
