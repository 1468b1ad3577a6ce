{#-
    Grain: one row per backtest of recommendations and way of recommending. Why it exists: the share of people who bought
    one of the products recommended to them in the horizon after it: their own, or the most popular for everybody.
-#}

with

people as (

    select * from {{ ref('int_recommendation_people') }}
    where origin_number = 1

),

purchases as (

    select * from {{ ref('int_recommendation_purchases') }}

),

ranked as (

    select * from {{ ref('int_recommendations_ranked') }}

),

sales as (

    select * from {{ ref('int_product_sales') }}

),

recommended as (

    select
        people.origin_number,
        people.customer_number,
        'recommendations' as prediction_method,
        ranked.product_number
    from people
    left join ranked
        on people.origin_number = ranked.origin_number
        and people.customer_number = ranked.customer_number
        and ranked.personal_place <= {{ var('clm_recommendation_count') }}

    union all

    select
        people.origin_number,
        people.customer_number,
        'popularity' as prediction_method,
        sales.product_number
    from people
    left join sales
        on people.origin_number = sales.origin_number
        and sales.popularity_place <= {{ var('clm_recommendation_count') }}

),

judged as (

    select
        recommended.origin_number,
        recommended.customer_number,
        recommended.prediction_method,
        max(case when purchases.product_number is not null then 1 else 0 end) as is_hit
    from recommended
    left join purchases
        on recommended.origin_number = purchases.origin_number
        and recommended.customer_number = purchases.customer_number
        and recommended.product_number = purchases.product_number
    group by recommended.origin_number, recommended.customer_number, recommended.prediction_method

),

final as (

    select
        origin_number,
        cast({{ var('clm_recommendation_horizon_days') }} as integer) as horizon_days,
        prediction_method,
        cast(count(*) as integer) as customer_count,
        cast(sum(is_hit) as integer) as hit_count,
        {{ clm.ratio('sum(is_hit)', 'count(*)') }} as hit_rate
    from judged
    group by origin_number, prediction_method

)

select * from final
