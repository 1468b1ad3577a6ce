{#-
    Fails for every campaign and owner whose tasks are not done, open or overdue exactly once, and for every
    campaign of kind task whose planned tasks are not the people that segment_campaign decided on.
-#}

with

tasks as (

    select * from {{ ref('task_performance') }}

),

planned as (

    select
        campaign_id,
        sum(planned_count) as planned_count
    from tasks
    group by campaign_id

),

decided as (

    select
        campaign_id,
        count(*) as planned_count
    from (
        select distinct
            decisions.campaign_id,
            decisions.customer_id
        from {{ ref('segment_campaign') }} as decisions
        inner join {{ ref('campaigns') }} as campaigns on decisions.campaign_id = campaigns.campaign_id
        where campaigns.kind = 'task' and decisions.decision = 'send'
    ) as people
    group by campaign_id

)

select
    campaign_id,
    owner_id
from tasks
where
    task_count <> done_in_time_count + done_late_count + open_count + overdue_count
    or bought_count > task_count
    or churned_count + at_risk_count + bought_count > task_count

union all

select
    coalesce(planned.campaign_id, decided.campaign_id) as campaign_id,
    'all' as owner_id
from planned
full outer join decided on planned.campaign_id = decided.campaign_id
where coalesce(planned.planned_count, 0) <> coalesce(decided.planned_count, 0)
