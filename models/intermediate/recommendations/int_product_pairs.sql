{#-
    Grain: one row per origin, product and other product that were in the same order often enough in the clm_pair_days up
    to it, at most clm_pairs_per_product for each product. Why it exists: what is bought together.
-#}

with

baskets as (

    select * from {{ ref('int_product_baskets') }}

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
