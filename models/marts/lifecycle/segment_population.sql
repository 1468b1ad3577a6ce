{#-
    Grain: one row per segment of the catalogue, people or not. Why it exists: the first table anybody
    looks at: how many people are in each segment, what they bought, and what the play is.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customers as (

    select * from {{ ref('customer_lifecycle') }}

),

segments as (

    select * from {{ ref('segments') }}

),

counted as (

    select
        segment,
        count(*) as customer_count,
        sum(net_revenue_amount) as net_revenue_amount,
        sum(recency_days) as recency_days,
        sum(order_count) as order_count
    from customers
    group by segment

),

population as (

    select
        count(*) as customer_count,
        sum(net_revenue_amount) as net_revenue_amount
    from customers

),

final as (

    select
        as_of.as_of_date,
        segments.segment,
        segments.label_en,
        segments.label_zh,
        segments.health_rank,
        cast(coalesce(counted.customer_count, 0) as integer) as customer_count,
        coalesce({{ clm.ratio('counted.customer_count', 'population.customer_count') }}, 0) as customer_rate,
        cast(coalesce(counted.net_revenue_amount, 0) as numeric(28, 2)) as net_revenue_amount,
        {{ clm.ratio('counted.net_revenue_amount', 'population.net_revenue_amount') }} as net_revenue_rate,
        {{ clm.ratio('counted.recency_days', 'counted.customer_count') }} as average_recency_days,
        segments.goal_en
    from segments
    cross join as_of
    cross join population
    left join counted on segments.segment = counted.segment

)

select * from final
