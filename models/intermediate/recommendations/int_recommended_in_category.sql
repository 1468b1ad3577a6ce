{#-
    Grain: one row per origin, person, kind and product of her favourite category. Why it exists: what is popular there,
    what is popular there in the next higher price band, and what is new there: up to ten of each.
-#}

with

tastes as (

    select * from {{ ref('int_customer_tastes') }}

),

sales as (

    select * from {{ ref('int_product_sales') }}

),

products as (

    select * from {{ ref('int_products') }}

),

origins as (

    select * from {{ ref('int_recommendation_origins') }}

),

arrivals as (

    select
        origins.origin_number,
        products.category,
        products.product_number,
        cast(coalesce(sales.category_buyer_share, 0) as numeric(28, 6)) as category_buyer_share,
        row_number() over (
            partition by origins.origin_number, products.category
            order by products.launched_on desc, coalesce(sales.buyer_count, 0) desc, products.product_number asc
        ) as place
    from products
    inner join origins
        on products.launched_on <= origins.origin_on
        and {{ clm.days_between('products.launched_on', 'origins.origin_on') }} < {{ var('clm_new_arrival_days') }}
        and products.is_listed
    left join sales
        on origins.origin_number = sales.origin_number
        and products.product_number = sales.product_number

),

final as (

    select
        tastes.origin_number,
        tastes.customer_number,
        'popular_in_category' as recommendation_kind,
        sales.product_number,
        sales.category_buyer_share as score
    from tastes
    inner join sales
        on tastes.origin_number = sales.origin_number
        and tastes.category = sales.category
    where sales.category_place <= 10

    union all

    select
        tastes.origin_number,
        tastes.customer_number,
        'next_higher' as recommendation_kind,
        sales.product_number,
        sales.category_buyer_share as score
    from tastes
    inner join sales
        on tastes.origin_number = sales.origin_number
        and tastes.category = sales.category
        and tastes.price_band_number + 1 = sales.price_band_number
    where tastes.is_bought and sales.band_place <= 10

    union all

    select
        tastes.origin_number,
        tastes.customer_number,
        'new_arrival' as recommendation_kind,
        arrivals.product_number,
        arrivals.category_buyer_share as score
    from tastes
    inner join arrivals
        on tastes.origin_number = arrivals.origin_number
        and tastes.category = arrivals.category
    where arrivals.place <= 10

)

select * from final
