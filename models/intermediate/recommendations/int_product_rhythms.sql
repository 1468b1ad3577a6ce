{#-
    Grain: one row per origin and product that was bought up to it. Why it exists: after how many days it is usually
    bought again (the median gap of the product, else that of its category, else it is nothing that runs out), and how
    often it is bought again at all.
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

known as (

    select
        origins.origin_number,
        days.product_number,
        products.category,
        {{ clm.days_between('days.previous_on', 'days.ordered_on') }} as gap_days
    from days
    inner join origins on days.ordered_on <= origins.origin_on
    inner join products on days.product_number = products.product_number

),

of_products as (

    select
        origin_number,
        product_number,
        category,
        count(gap_days) as gap_count,
        {{ clm.median('gap_days') }} as median_gap_days,
        {{ clm.ratio('count(gap_days)', 'count(*)') }} as repeat_rate
    from known
    group by origin_number, product_number, category

),

of_categories as (

    select
        origin_number,
        category,
        count(gap_days) as gap_count,
        {{ clm.median('gap_days') }} as median_gap_days
    from known
    where category is not null
    group by origin_number, category

),

final as (

    select
        of_products.origin_number,
        of_products.product_number,
        cast(of_products.gap_count as integer) as gap_count,
        of_products.repeat_rate,
        case
            when of_products.gap_count >= {{ var('clm_replenishment_least_gaps') }} then of_products.median_gap_days
            when of_categories.gap_count >= {{ var('clm_replenishment_least_gaps') }} then of_categories.median_gap_days
        end as replenishment_days
    from of_products
    left join of_categories
        on of_products.origin_number = of_categories.origin_number
        and of_products.category = of_categories.category

)

select * from final
