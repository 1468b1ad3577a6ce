{#-
    Fails for every person whose net revenue or count of orders is not that of the person's
    purchases, and for every buyer who is missing.
-#}

with

people as (

    select
        customer_id,
        net_revenue_amount,
        order_count
    from {{ ref('customer_lifecycle') }}

),

purchases as (

    select
        customer_id,
        sum(net_revenue_amount) as net_revenue_amount,
        sum(case when is_counted then 1 else 0 end) as order_count
    from {{ ref('int_purchases') }}
    group by customer_id

)

select
    coalesce(people.customer_id, purchases.customer_id) as customer_id,
    people.net_revenue_amount,
    purchases.net_revenue_amount as purchased_amount,
    people.order_count,
    purchases.order_count as purchased_order_count
from people
full outer join purchases on people.customer_id = purchases.customer_id
where
    people.customer_id is null
    or people.net_revenue_amount <> coalesce(purchases.net_revenue_amount, 0)
    or people.order_count <> coalesce(purchases.order_count, 0)
