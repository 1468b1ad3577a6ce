{#-
    Grain: one row per person and product that was bought up to the as-of date. Why it exists: the only
    pass over the order lines; what somebody buys, likes and earns us is read from here. Lines of orders
    that were refunded in full do not count. A line without a quantity is one unit. Revenue and cost are
    those of lines whose product has a known cost (in the reporting currency); a line of 1e13 or more is
    no price and stays out of them.
-#}

with

purchases as (

    select * from {{ ref('int_purchases') }}

),

items as (

    select * from {{ ref('stg_order_items') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

lines as (

    select
        purchases.customer_id,
        items.product_id,
        products.category,
        purchases.ordered_on,
        purchases.reporting_rate,
        coalesce(items.quantity, 1) as quantity,
        cast(coalesce(items.quantity, 1) as numeric(19, 4)) * items.unit_price as line_price,
        coalesce(items.discount_amount, 0) as discount_amount,
        cast(coalesce(items.quantity, 1) as numeric(19, 4)) * products.unit_cost as line_cost
    from items
    inner join purchases on items.order_id = purchases.order_id
    left join products on items.product_id = products.product_id
    where purchases.is_counted and items.product_id is not null

),

valued as (

    select
        customer_id,
        product_id,
        category,
        ordered_on,
        quantity,
        case
            when
                abs(line_price) < 10000000000000
                and abs(discount_amount) < 10000000000000
                and abs(line_cost) < 10000000000000
                then cast(
                    round(cast(round(line_price, 2) - discount_amount as numeric(19, 2)) * reporting_rate, 2)
                    as numeric(28, 2)
                )
        end as revenue_amount,
        case
            when
                abs(line_price) < 10000000000000
                and abs(discount_amount) < 10000000000000
                and abs(line_cost) < 10000000000000
                then cast(round(line_cost, 2) as numeric(28, 2))
        end as cost_amount
    from lines

),

final as (

    select
        customer_id,
        product_id,
        category,
        cast(sum(quantity) as numeric(28, 4)) as bought_quantity,
        cast(count(*) as integer) as line_count,
        cast(sum(revenue_amount) as numeric(28, 2)) as item_revenue_amount,
        cast(sum(cost_amount) as numeric(28, 2)) as item_cost_amount,
        min(ordered_on) as first_bought_on,
        max(ordered_on) as last_bought_on
    from valued
    group by customer_id, product_id, category

)

select * from final
