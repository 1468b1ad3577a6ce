{#-
    Grain: one row per campaign of kind task and owner with a task planned on the as-of date or sent by then. Why it
    exists: are the tasks that campaigns give to people done, in time, and what comes of them?
-#}

with

planned as (

    select * from {{ ref('int_tasks_planned') }}

),

sent as (

    select * from {{ ref('int_tasks_sent') }}

),

tasks as (

    select
        campaign_id,
        owner_id,
        'planned' as task_state,
        0 as is_bought,
        cast(0 as numeric(28, 2)) as net_revenue_amount,
        cast(null as {{ clm.type_text() }}) as loss_reason
    from planned

    union all

    select
        campaign_id,
        owner_id,
        task_state,
        case when is_bought then 1 else 0 end as is_bought,
        net_revenue_amount,
        loss_reason
    from sent

),

reasons as (

    select
        campaign_id,
        owner_id,
        loss_reason,
        row_number() over (
            partition by campaign_id, owner_id
            order by count(*) desc, {{ clm.byte_order('loss_reason') }} asc
        ) as place
    from tasks
    where loss_reason is not null
    group by campaign_id, owner_id, loss_reason

),

counted as (

    select
        campaign_id,
        owner_id,
        {%- for state in ['planned', 'done_in_time', 'done_late', 'open', 'overdue'] %}
        cast(sum(case when task_state = '{{ state }}' then 1 else 0 end) as integer) as {{ state }}_count,
        {%- endfor %}
        cast(sum(case when task_state <> 'planned' then 1 else 0 end) as integer) as task_count,
        cast(sum(is_bought) as integer) as bought_count,
        cast(sum(net_revenue_amount) as numeric(28, 2)) as net_revenue_amount,
        cast(sum(case when loss_reason = 'churned' then 1 else 0 end) as integer) as churned_count,
        cast(sum(case when loss_reason like 'churn_risk_%' then 1 else 0 end) as integer) as at_risk_count
    from tasks
    group by campaign_id, owner_id

),

final as (

    select
        counted.campaign_id,
        counted.owner_id,
        counted.planned_count,
        counted.task_count,
        counted.done_in_time_count,
        counted.done_late_count,
        counted.open_count,
        counted.overdue_count,
        {{ clm.ratio('counted.done_in_time_count + counted.done_late_count', 'counted.task_count') }} as done_rate,
        counted.bought_count,
        {{ clm.ratio('counted.bought_count', 'counted.task_count') }} as bought_rate,
        counted.net_revenue_amount,
        counted.churned_count,
        counted.at_risk_count,
        reasons.loss_reason as commonest_loss_reason
    from counted
    left join reasons
        on counted.campaign_id = reasons.campaign_id
        and counted.owner_id = reasons.owner_id
        and reasons.place = 1

)

select * from final
