{#-
    Grain: one row per person and bought product. A multi-valued tag: its values and their evidence,
    documented in tags_purchased_product.yml.
-#}

with

products as (

    select * from {{ ref('int_customer_products') }}

),

final as (

    select
        customer_id,
        product_id as tag_value,
        product_id,
        bought_quantity,
        last_bought_on
    from products
    where bought_quantity > 0

)

select * from final
