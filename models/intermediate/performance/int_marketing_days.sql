{#-
    Grain: one row per business day, lifecycle stage and segment (NULL: not known) with a purchase, an amount
    or a new lead up to the as-of date. Why it exists: goals that add up over days read these few rows. Stage is
    what the person was on the day before (nobody yet: prospect), segment that of the last month end before.
-#}

with

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

history as (

    select * from {{ ref('lifecycle_history') }}

),

rfm_segments as (

    select * from {{ ref('rfm_segment_monthly') }}

),

first_purchases as (

    select
        customer_id,
        min(activity_on) as first_purchase_on
    from customer_days
    where order_count > 0
    group by customer_id

),

facts as (

    select
        customer_days.customer_id,
        customer_days.activity_on as fact_on,
        {{ clm.purchases_of_day('customer_days.order_count') }} as purchase_count,
        customer_days.order_count,
        customer_days.net_revenue_amount,
        case when customer_days.activity_on = first_purchases.first_purchase_on then 1 else 0 end as new_buyer_count,
        0 as lead_count
    from customer_days
    left join first_purchases on customer_days.customer_id = first_purchases.customer_id
    where customer_days.order_count > 0 or customer_days.net_revenue_amount <> 0

    union all

    select
        customer_id,
        min(valid_from) as fact_on,
        0 as purchase_count,
        0 as order_count,
        cast(0 as numeric(28, 2)) as net_revenue_amount,
        0 as new_buyer_count,
        1 as lead_count
    from history
    where lifecycle_sub_state = 'lead'
    group by customer_id

),

placed as (

    select
        facts.*,
        coalesce(history.lifecycle_stage, 'prospect') as lifecycle_stage,
        coalesce(month_history.lifecycle_stage, 'prospect') as month_stage,
        month_history.lifecycle_sub_state as month_sub_state,
        rfm_segments.segment as month_segment
    from facts
    left join history
        on facts.customer_id = history.customer_id
        and {{ clm.held_before('history', 'facts.fact_on') }}
    left join history as month_history
        on facts.customer_id = month_history.customer_id
        and {{ clm.held_on('month_history', clm.month_end('facts.fact_on', 1)) }}
    left join rfm_segments
        on facts.customer_id = rfm_segments.customer_id
        and {{ clm.month_end('facts.fact_on', 1) }} = rfm_segments.observed_on

),

segmented as (

    select
        placed.*,
        {{ clm.visitor_segment('month_stage', 'month_sub_state', 'month_segment') }} as segment
    from placed

),

final as (

    select
        fact_on,
        lifecycle_stage,
        segment,
        cast(sum(purchase_count) as integer) as purchase_count,
        cast(sum(order_count) as integer) as order_count,
        cast(sum(net_revenue_amount) as numeric(28, 2)) as net_revenue_amount,
        cast(sum(new_buyer_count) as integer) as new_buyer_count,
        cast(sum(lead_count) as integer) as lead_count
    from segmented
    group by fact_on, lifecycle_stage, segment

)

select * from final
