{#-
    Grain: one row per marketing goal. Why it exists: how far it is, whatever its metric, in one number; NULL where
    the goal has not started or there is nothing to divide by.
-#}

with

goals as (

    select * from {{ ref('int_goals_dated') }}

),

marketing_days as (

    select * from {{ ref('int_marketing_days') }}

),

people as (

    select * from {{ ref('int_goal_people') }}

),

sums as (

    select
        goals.goal_id,
        sum(marketing_days.purchase_count) as purchase_count,
        sum(marketing_days.order_count) as order_count,
        sum(marketing_days.net_revenue_amount) as net_revenue_amount,
        sum(marketing_days.new_buyer_count) as new_buyer_count,
        sum(marketing_days.lead_count) as lead_count
    from goals
    inner join marketing_days
        on goals.starts_on <= marketing_days.fact_on
        and goals.until_on >= marketing_days.fact_on
    where
        case goals.scope_kind
            when 'all' then true
            when 'lifecycle_stage' then marketing_days.lifecycle_stage = goals.scope
            when 'segment' then marketing_days.segment = goals.scope
        end
    group by goals.goal_id

),

counts as (

    select
        goal_id,
        count(*) as customer_count,
        sum(is_churned) as churned_count,
        sum(is_buyer) as buyer_count,
        sum(is_repeat_buyer) as repeat_buyer_count
    from people
    group by goal_id

),

final as (

    select
        goals.goal_id,
        cast(case
            when goals.starts_on > goals.as_of_date then null
            {%- for metric, measure in {
                'new_buyers': 'sums.new_buyer_count', 'purchases': 'sums.purchase_count',
                'net_revenue': 'sums.net_revenue_amount', 'leads': 'sums.lead_count',
                'active_customers': 'counts.customer_count',
            }.items() %}
            when goals.metric = '{{ metric }}' then cast(coalesce({{ measure }}, 0) as numeric(28, 6))
            {%- endfor %}
            when goals.metric = 'average_order_amount'
                then {{ clm.average_amount('sums.net_revenue_amount', 'sums.order_count') }}
            when goals.metric = 'repeat_rate' then {{ clm.ratio('counts.repeat_buyer_count', 'counts.buyer_count') }}
            when goals.metric = 'churn_rate' then {{ clm.ratio('counts.churned_count', 'counts.customer_count') }}
        end as numeric(28, 6)) as actual
    from goals
    left join sums on goals.goal_id = sums.goal_id
    left join counts on goals.goal_id = counts.goal_id

)

select * from final
