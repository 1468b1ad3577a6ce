{#-
    Grain: one row per person with a bought product. Why it exists: what one person's order lines say in
    a few numbers: the favourite category (most units, ties go to the first in byte order) and the margin.
-#}

with

products as (

    select * from {{ ref('int_customer_products') }}

),

categories as (

    select * from {{ ref('int_customer_categories') }}

),

placed as (

    select
        customer_id,
        category,
        bought_quantity,
        row_number() over (
            partition by customer_id
            order by bought_quantity desc, {{ clm.byte_order('category') }} asc
        ) as place
    from categories

),

favourites as (

    select
        customer_id,
        category,
        bought_quantity
    from placed
    where place = 1

),

margins as (

    select
        customer_id,
        cast(sum(item_revenue_amount) as numeric(28, 2)) as item_revenue_amount,
        cast(sum(item_revenue_amount) - sum(item_cost_amount) as numeric(28, 2)) as item_margin_amount
    from products
    group by customer_id

),

final as (

    select
        margins.customer_id,
        favourites.category as favourite_category,
        favourites.bought_quantity as favourite_category_quantity,
        margins.item_revenue_amount,
        margins.item_margin_amount
    from margins
    left join favourites on margins.customer_id = favourites.customer_id

)

select * from final
