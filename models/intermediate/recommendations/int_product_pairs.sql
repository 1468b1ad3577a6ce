{#-
    Grain: one row per origin, product and other product that were in the same order often enough in the clm_pair_days up
    to it, at most clm_pairs_per_product for each product. Why it exists: what is bought together. An order of more than
    clm_pair_most_products products is a stock order, not a basket: it is left out.
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
        on origins.origin_on >= lines.ordered_on
        and {{ clm.days_between('lines.ordered_on', 'origins.origin_on') }} < {{ var('clm_pair_days') }}

),

sized as (

    select
        in_orders.*,
        count(*) over (partition by origin_number, order_id) as product_count
    from in_orders

),

baskets as (

    select * from sized
    where product_count <= {{ var('clm_pair_most_products') }}

),

basket_counts as (

    select
        origin_number,
        count(distinct order_id) as all_order_count
    from baskets
    group by origin_number

),

product_orders as (

    select
        origin_number,
        product_number,
        count(*) as order_count
    from baskets
    group by origin_number, product_number

),

pairs as (

    select
        baskets.origin_number,
        baskets.product_number,
        others.product_number as other_product_number,
        count(*) as pair_count
    from baskets
    inner join baskets as others
        on baskets.origin_number = others.origin_number
        and baskets.order_id = others.order_id
    where baskets.product_number <> others.product_number and baskets.product_count > 1
    group by baskets.origin_number, baskets.product_number, others.product_number
    having count(*) >= {{ var('clm_pair_least_orders') }}

),

measured as (

    select
        pairs.origin_number,
        pairs.product_number,
        pairs.other_product_number,
        cast(pairs.pair_count as integer) as pair_count,
        cast(product_orders.order_count as integer) as order_count,
        cast(other_orders.order_count as integer) as other_order_count,
        cast(basket_counts.all_order_count as integer) as all_order_count,
        {{ clm.ratio('pairs.pair_count', 'basket_counts.all_order_count') }} as support,
        {{ clm.ratio('pairs.pair_count', 'product_orders.order_count') }} as confidence,
        {{ clm.ratio(
            'cast(pairs.pair_count as ' ~ clm.type_double() ~ ') * basket_counts.all_order_count',
            'cast(product_orders.order_count as ' ~ clm.type_double() ~ ') * other_orders.order_count'
        ) }} as lift
    from pairs
    inner join basket_counts on pairs.origin_number = basket_counts.origin_number
    inner join product_orders
        on pairs.origin_number = product_orders.origin_number
        and pairs.product_number = product_orders.product_number
    inner join product_orders as other_orders
        on pairs.origin_number = other_orders.origin_number
        and pairs.other_product_number = other_orders.product_number

),

placed as (

    select
        measured.*,
        row_number() over (
            partition by origin_number, product_number
            order by confidence desc, lift desc, other_product_number asc
        ) as pair_place
    from measured
    where lift > 1

),

final as (

    select
        origin_number,
        product_number,
        other_product_number,
        cast(pair_place as integer) as pair_place,
        pair_count,
        order_count,
        other_order_count,
        all_order_count,
        support,
        confidence,
        lift
    from placed
    where pair_place <= {{ var('clm_pairs_per_product') }}

)

select * from final
