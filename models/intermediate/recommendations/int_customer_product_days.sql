{#-
    Grain: one row per person, product and day on which it was bought. Why it exists: the order in which somebody came
    back to a product, by numbers, for everything that is recommended.
-#}

with

lines as (

    select * from {{ ref('int_purchase_lines') }}

),

products as (

    select * from {{ ref('int_products') }}

),

days as (

    select
        lines.customer_number,
        products.product_number,
        lines.ordered_on,
        sum(lines.quantity) as bought_quantity
    from lines
    inner join products on lines.product_id = products.product_id
    where lines.quantity > 0
    group by lines.customer_number, products.product_number, lines.ordered_on

),

final as (

    select
        customer_number,
        product_number,
        ordered_on,
        cast(bought_quantity as numeric(28, 4)) as bought_quantity,
        lag(ordered_on) over (
            partition by customer_number, product_number
            order by ordered_on asc
        ) as previous_on
    from days

)

select * from final
