{#-
    Fails when the net revenue of all people is not what staged orders and refunds give: every purchase
    up to the as-of date at its rate, less its refunds up to that date, rounded once per order.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

orders as (

    select stg_orders.*
    from {{ ref('stg_orders') }} as stg_orders
    cross join as_of
    where stg_orders.is_purchase and stg_orders.ordered_on <= as_of.as_of_date

),

refund_rows as (

    select
        refunds.order_id,
        count(*) as refund_count,
        sum(case
            when refunds.refunded_on <= as_of.as_of_date then refunds.amount
            else 0
        end) as refunded_amount
    from {{ ref('stg_refunds') }} as refunds
    cross join as_of
    group by refunds.order_id

),

refunded as (

    select
        orders.order_id,
        orders.reporting_amount,
        orders.reporting_rate,
        case
            when refund_rows.refund_count > 0 then refund_rows.refunded_amount
            when
                orders.status = 'refunded'
                and {{ clm.business_day('coalesce(orders.updated_at, orders.ordered_at)') }} <= as_of.as_of_date
                then orders.amount
            else 0
        end as refunded_amount
    from orders
    cross join as_of
    left join refund_rows on orders.order_id = refund_rows.order_id

),

expected as (

    select
        coalesce(sum(reporting_amount - round(cast(refunded_amount as numeric(19, 2)) * reporting_rate, 2)), 0)
            as net_revenue_amount
    from refunded

),

found as (

    select coalesce(sum(net_revenue_amount), 0) as net_revenue_amount
    from {{ ref('customer_lifecycle') }}

)

select
    expected.net_revenue_amount as expected_amount,
    found.net_revenue_amount as found_amount
from expected
cross join found
where expected.net_revenue_amount <> found.net_revenue_amount
