{#-
    Grain: one row per person and category of a bought product. Why it exists: the favourite category and
    the tag purchased_category count the same units.
-#}

with

products as (

    select * from {{ ref('int_customer_products') }}

),

final as (

    select
        customer_id,
        category,
        cast(sum(bought_quantity) as numeric(28, 4)) as bought_quantity,
        cast(count(*) as integer) as product_count,
        max(last_bought_on) as last_bought_on
    from products
    where category is not null
    group by customer_id, category

)

select * from final
