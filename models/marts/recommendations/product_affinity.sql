{#-
    Grain: one row per product and other product that is bought together with it. Why it exists: which products to show
    beside each other, to bundle or to offer after one another.
-#}

with

pairs as (

    select * from {{ ref('int_product_pairs') }}

),

origins as (

    select * from {{ ref('int_recommendation_origins') }}
    where origin_number = 0

),

products as (

    select * from {{ ref('int_products') }}

),

final as (

    select
        products.product_id,
        others.product_id as other_product_id,
        origins.origin_on as as_of_date,
        products.product_name,
        others.product_name as other_product_name,
        pairs.pair_place as affinity_rank,
        pairs.pair_count as order_count,
        pairs.support,
        pairs.confidence,
        pairs.lift
    from pairs
    inner join origins on pairs.origin_number = origins.origin_number
    inner join products on pairs.product_number = products.product_number
    inner join products as others on pairs.other_product_number = others.product_number

)

select * from final
