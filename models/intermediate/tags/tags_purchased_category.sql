{#-
    Grain: one row per person and category of a bought product. A multi-valued tag: its values and their
    evidence, documented in tags_purchased_category.yml.
-#}

with

categories as (

    select * from {{ ref('int_customer_categories') }}

),

final as (

    select
        customer_id,
        category as tag_value,
        category,
        bought_quantity,
        last_bought_on
    from categories
    where bought_quantity > 0

)

select * from final
