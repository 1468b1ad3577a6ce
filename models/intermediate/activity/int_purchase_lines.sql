{#-
    Grain: one row per order line of a purchase that counts, up to the as-of date, that names a product. Why it exists:
    the only pass over the order lines; what somebody buys, likes and earns us is read from here. A line without a
    quantity is one unit. Revenue and cost are NULL where the product has no known cost, or the line is no price (1e13 or
    more).
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
        purchases.order_id,
        items.line_number,
        purchases.customer_id,
        purchases.customer_number,
        items.product_id,
        products.category,
        purchases.ordered_on,
        purchases.reporting_rate,
        items.unit_price,
        coalesce(items.quantity, 1) as quantity,
        cast(coalesce(items.quantity, 1) as numeric(19, 4)) * items.unit_price as line_price,
        coalesce(items.discount_amount, 0) as discount_amount,
        cast(coalesce(items.quantity, 1) as numeric(19, 4)) * products.unit_cost as line_cost
    from items
    inner join purchases on items.order_id = purchases.order_id
    left join products on items.product_id = products.product_id
    where purchases.is_counted and items.product_id is not null

),

final as (

    select
        order_id,
        line_number,
        customer_id,
        customer_number,
        product_id,
        category,
        ordered_on,
        cast(quantity as numeric(18, 4)) as quantity,
        cast(
            case
                when abs(unit_price) < 10000000000000
                    then round(cast(unit_price as numeric(19, 2)) * reporting_rate, 2)
            end as numeric(28, 2)
        ) as unit_price_amount,
        cast(
            case
                when
                    abs(line_price) < 10000000000000
                    and abs(discount_amount) < 10000000000000
                    and abs(line_cost) < 10000000000000
                    then round(cast(round(line_price, 2) - discount_amount as numeric(19, 2)) * reporting_rate, 2)
            end as numeric(28, 2)
        ) as revenue_amount,
        cast(
            case
                when
                    abs(line_price) < 10000000000000
                    and abs(discount_amount) < 10000000000000
                    and abs(line_cost) < 10000000000000
                    then round(line_cost, 2)
            end as numeric(28, 2)
        ) as cost_amount
    from lines

)

select * from final
