{#-
    Grain: one row per origin, person and product on sale that is bought together with one that she bought lately. Why it
    exists: of her clm_recommendation_seeds products bought last, the one that speaks for it the most.
-#}

with

owned as (

    select * from {{ ref('int_customer_products_owned') }}

),

pairs as (

    select * from {{ ref('int_product_pairs') }}

),

sales as (

    select * from {{ ref('int_product_sales') }}

),

latest as (

    select
        origin_number,
        customer_number,
        product_number,
        row_number() over (
            partition by origin_number, customer_number
            order by last_bought_on desc, product_number asc
        ) as place
    from owned

),

paired as (

    select
        latest.origin_number,
        latest.customer_number,
        pairs.other_product_number as product_number,
        latest.product_number as because_product_number,
        pairs.confidence,
        row_number() over (
            partition by latest.origin_number, latest.customer_number, pairs.other_product_number
            order by pairs.confidence desc, latest.product_number asc
        ) as place
    from latest
    inner join pairs
        on latest.origin_number = pairs.origin_number
        and latest.product_number = pairs.product_number
    inner join sales
        on pairs.origin_number = sales.origin_number
        and pairs.other_product_number = sales.product_number
    where latest.place <= {{ var('clm_recommendation_seeds') }}

),

final as (

    select
        origin_number,
        customer_number,
        product_number,
        because_product_number,
        confidence
    from paired
    where place = 1

)

select * from final
