{#-
    Grain: one row per person, kind and product recommended as of the as-of date. Why it exists: the first
    clm_recommendation_count products of a person by the order that was chosen for all, and the best of each kind.
-#}

with

ranked as (

    select * from {{ ref('int_recommendations_ranked') }}

),

origins as (

    select * from {{ ref('int_recommendation_origins') }}
    where origin_number = 0

),

choice as (

    select * from {{ ref('int_recommendation_choice') }}

),

owned as (

    select * from {{ ref('int_customer_products_owned') }}

),

chosen as (

    select
        ranked.*,
        origins.origin_on as as_of_date,
        choice.recommendation_method,
        case
            when choice.recommendation_method = 'recommendations' then ranked.personal_place
            when ranked.recommendation_kind = 'popular' then ranked.kind_place
        end as place
    from ranked
    inner join origins on ranked.origin_number = origins.origin_number
    cross join choice

),

final as (

    select
        chosen.as_of_date,
        chosen.customer_number,
        chosen.recommendation_kind,
        chosen.product_number,
        chosen.because_product_number,
        chosen.recommendation_method,
        case when chosen.place <= {{ var('clm_recommendation_count') }} then chosen.place end as recommendation_rank,
        chosen.kind_place as kind_rank,
        chosen.share,
        chosen.score,
        owned.purchase_day_count,
        owned.expected_gap_days,
        owned.due_on
    from chosen
    left join owned
        on chosen.recommendation_kind = 'replenishment'
        and chosen.origin_number = owned.origin_number
        and chosen.customer_number = owned.customer_number
        and chosen.product_number = owned.product_number
    where chosen.kind_place = 1 or chosen.place <= {{ var('clm_recommendation_count') }}

)

select * from final
