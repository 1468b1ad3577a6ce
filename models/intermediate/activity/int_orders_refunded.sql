{#-
    Grain: one row per refund of a purchase, in the reporting currency at the order's rate. Why it
    exists: an order marked refunded without refund rows is refunded in full, and the cents of several
    refunds of an order must add up to the order's amount.
-#}

with

orders as (

    select * from {{ ref('int_orders_attributed') }}

),

refunds as (

    select * from {{ ref('stg_refunds') }}

),

refunded_orders as (

    select distinct order_id from refunds

),

-- a refund dated before its order counts from the order's day
dated as (

    select
        orders.order_id,
        orders.customer_id,
        orders.customer_number,
        refunds.refund_id,
        greatest(refunds.refunded_on, orders.ordered_on) as refunded_on,
        refunds.refunded_at,
        refunds.amount,
        orders.amount as order_amount,
        orders.reporting_rate
    from refunds
    inner join orders on refunds.order_id = orders.order_id
    where orders.is_purchase

    union all

    select
        orders.order_id,
        orders.customer_id,
        orders.customer_number,
        'status_of_' || orders.order_id as refund_id,
        {{ clm.business_day('greatest(coalesce(orders.updated_at, orders.ordered_at), orders.ordered_at)') }}
            as refunded_on,
        greatest(coalesce(orders.updated_at, orders.ordered_at), orders.ordered_at) as refunded_at,
        orders.amount,
        orders.amount as order_amount,
        orders.reporting_rate
    from orders
    left join refunded_orders on orders.order_id = refunded_orders.order_id
    where orders.is_purchase and orders.status = 'refunded' and refunded_orders.order_id is null

),

summed as (

    select
        dated.*,
        sum(amount) over (
            partition by order_id
            order by refunded_on asc, refunded_at asc, {{ clm.byte_order('refund_id') }} asc
            rows between unbounded preceding and current row
        ) as refunded_amount
    from dated

),

final as (

    select
        order_id,
        customer_id,
        customer_number,
        refund_id,
        cast(
            round(cast(refunded_amount as numeric(19, 2)) * reporting_rate, 2)
            - round(cast(refunded_amount - amount as numeric(19, 2)) * reporting_rate, 2)
            as numeric(18, 2)
        ) as reporting_amount,
        refunded_amount >= order_amount as is_order_refunded,
        refunded_on
    from summed

)

select * from final
