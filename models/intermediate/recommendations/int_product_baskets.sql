{#-
    Grain: one row per origin, order of the clm_pair_days up to it and product of that order. Why it exists: what is looked
    at for things that are bought together. An order of more than clm_pair_most_products products is a stock order, not a
    basket: it is left out.
-#}

with

origins as (

    select * from {{ ref('int_recommendation_origins') }}

),

lines as (

    select * from {{ ref('int_purchase_lines') }}

),

products as (

    select * from {{ ref('int_products') }}

),

in_orders as (

    select distinct
        origins.origin_number,
        lines.order_id,
        products.product_number
    from lines
    inner join products on lines.product_id = products.product_id
    inner join origins
        on lines.ordered_on <= origins.origin_on
        and {{ clm.days_between('lines.ordered_on', 'origins.origin_on') }} < {{ var('clm_pair_days') }}

),

sized as (

    select
        in_orders.*,
        count(*) over (partition by origin_number, order_id) as product_count
    from in_orders

),

final as (

    select
        origin_number,
        order_id,
        product_number,
        cast(product_count as integer) as product_count
    from sized
    where product_count <= {{ var('clm_pair_most_products') }}

)

select * from final
