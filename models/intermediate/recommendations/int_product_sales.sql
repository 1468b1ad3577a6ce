{#-
    Grain: one row per origin and listed product that was bought in the clm_popularity_days up to it. Why it exists: what is on
    sale, and how popular it is: the share of all buyers of these days, and its place among all products and among those
    of its category.
-#}

with

origins as (

    select * from {{ ref('int_recommendation_origins') }}

),

days as (

    select * from {{ ref('int_customer_product_days') }}

),

products as (

    select * from {{ ref('int_products') }}

),

recent as (

    select
        origins.origin_number,
        days.product_number,
        days.customer_number
    from days
    inner join origins
        on days.ordered_on <= origins.origin_on
        and {{ clm.days_between('days.ordered_on', 'origins.origin_on') }} < {{ var('clm_popularity_days') }}

),

everybody as (

    select
        origin_number,
        count(distinct customer_number) as all_buyer_count
    from recent
    group by origin_number

),

of_categories as (

    select
        recent.origin_number,
        products.category,
        count(distinct recent.customer_number) as category_buyer_count
    from recent
    inner join products on recent.product_number = products.product_number
    where products.category is not null
    group by recent.origin_number, products.category

),

of_products as (

    select
        origin_number,
        product_number,
        count(distinct customer_number) as buyer_count,
        count(*) as purchase_count
    from recent
    group by origin_number, product_number

),

final as (

    select
        of_products.origin_number,
        of_products.product_number,
        products.category,
        products.price_band_number,
        cast(of_products.buyer_count as integer) as buyer_count,
        {{ clm.ratio('of_products.buyer_count', 'everybody.all_buyer_count') }} as buyer_share,
        {{ clm.ratio('of_products.buyer_count', 'of_categories.category_buyer_count') }} as category_buyer_share,
        cast(row_number() over (
            partition by of_products.origin_number
            order by of_products.buyer_count desc, of_products.purchase_count desc, of_products.product_number asc
        ) as integer) as popularity_place,
        cast(row_number() over (
            partition by of_products.origin_number, products.category
            order by of_products.buyer_count desc, of_products.purchase_count desc, of_products.product_number asc
        ) as integer) as category_place,
        cast(row_number() over (
            partition by of_products.origin_number, products.category, products.price_band_number
            order by of_products.buyer_count desc, of_products.purchase_count desc, of_products.product_number asc
        ) as integer) as band_place
    from of_products
    inner join everybody on of_products.origin_number = everybody.origin_number
    inner join products
        on of_products.product_number = products.product_number
        and products.is_listed
    left join of_categories
        on of_products.origin_number = of_categories.origin_number
        and products.category = of_categories.category

)

select * from final
