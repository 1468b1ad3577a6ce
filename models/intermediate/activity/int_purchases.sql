{#-
    Grain: one row per purchase (order) dated up to the as-of date. Why it exists: a purchase keeps its
    place in history, and from the day of its full refund on it counts no more.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

orders as (

    select * from {{ ref('int_orders_attributed') }}

),

refunds as (

    select * from {{ ref('int_orders_refunded') }}

),

refunds_so_far as (

    select
        refunds.order_id,
        sum(refunds.reporting_amount) as refunded_amount,
        min(case when refunds.is_order_refunded then refunds.refunded_on end) as fully_refunded_on
    from refunds
    cross join as_of
    where refunds.refunded_on <= as_of.as_of_date
    group by refunds.order_id

),

final as (

    select
        orders.order_id,
        orders.customer_id,
        orders.customer_number,
        orders.channel,
        orders.reporting_amount as gross_amount,
        orders.reporting_rate,
        cast(coalesce(refunds_so_far.refunded_amount, 0) as numeric(18, 2)) as refunded_amount,
        cast(
            orders.reporting_amount - coalesce(refunds_so_far.refunded_amount, 0) as numeric(18, 2)
        ) as net_revenue_amount,
        cast(
            round(cast(orders.discount_amount as numeric(19, 2)) * orders.reporting_rate, 2)
            as numeric(18, 2)
        ) as discount_amount,
        refunds_so_far.fully_refunded_on is null as is_counted,
        orders.ordered_on,
        refunds_so_far.fully_refunded_on,
        orders.ordered_at
    from orders
    cross join as_of
    left join refunds_so_far on orders.order_id = refunds_so_far.order_id
    where orders.is_purchase and orders.ordered_on <= as_of.as_of_date

)

select * from final
