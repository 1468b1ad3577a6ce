{#-
    Grain: one row per started goal about people (active_customers, churn_rate, repeat_rate) and person in its
    scope. Why it exists: whom a goal counts or follows, and what became of them by the day it is measured.
-#}

with

goals as (

    select * from {{ ref('int_goals_dated') }}

),

history as (

    select * from {{ ref('lifecycle_history') }}

),

rfm_segments as (

    select * from {{ ref('rfm_segment_monthly') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

people as (

    select
        goals.goal_id,
        goals.metric,
        goals.scope_kind,
        goals.scope,
        goals.starts_on,
        goals.until_on,
        history.customer_id,
        history.lifecycle_stage,
        {{ clm.visitor_segment('history.lifecycle_stage', 'history.lifecycle_sub_state', 'rfm_segments.segment') }}
            as segment
    from goals
    inner join history on {{ clm.held_on('history', 'goals.people_on') }}
    left join rfm_segments
        on history.customer_id = rfm_segments.customer_id
        and goals.segments_on = rfm_segments.observed_on
    where
        goals.metric in ('active_customers', 'churn_rate', 'repeat_rate')
        and goals.starts_on <= goals.as_of_date

),

-- who is lost already cannot be lost, and who has not bought is no customer yet
members as (

    select people.*
    from people
    where
        case scope_kind
            when 'all' then metric = 'repeat_rate' or lifecycle_stage in ('new', 'active', 'loyal')
            when 'lifecycle_stage' then lifecycle_stage = scope
            when 'segment' then segment = scope
        end
        and (metric <> 'churn_rate' or lifecycle_stage in ('new', 'active', 'loyal'))

),

purchases as (

    select
        members.goal_id,
        members.customer_id,
        sum({{ clm.purchases_of_day('customer_days.order_count') }}) as purchase_count,
        sum(
            case when customer_days.activity_on >= members.starts_on then customer_days.order_count else 0 end
        ) as period_order_count
    from members
    inner join customer_days
        on members.customer_id = customer_days.customer_id
        and members.until_on >= customer_days.activity_on
    where members.metric = 'repeat_rate'
    group by members.goal_id, members.customer_id

),

final as (

    select
        members.goal_id,
        members.customer_id,
        case when history.lifecycle_stage = 'churned' then 1 else 0 end as is_churned,
        case when purchases.period_order_count > 0 then 1 else 0 end as is_buyer,
        case when purchases.period_order_count > 0 and purchases.purchase_count > 1 then 1 else 0 end as is_repeat_buyer
    from members
    left join history
        on members.customer_id = history.customer_id
        and {{ clm.held_on('history', 'members.until_on') }}
    left join purchases
        on members.goal_id = purchases.goal_id
        and members.customer_id = purchases.customer_id

)

select * from final
