{#-
    Grain: one row per earlier origin and kind of recommendation. Why it exists: how much more often than its score says
    a product of the kind was bought in the horizon after it, which calibrates the scores of the next origin. Ten
    purchases by the factor of all kinds are added, so that a few hits do not decide.
-#}

with

origins as (

    select * from {{ ref('int_recommendation_origins') }}
    where origin_number > 0

),

candidates as (

    select * from {{ ref('int_recommendation_candidates') }}
    where origin_number > 0

),

purchases as (

    select * from {{ ref('int_recommendation_purchases') }}

),

placed as (

    select
        candidates.*,
        row_number() over (
            partition by origin_number, customer_number, recommendation_kind
            order by score desc, product_number asc
        ) as kind_place
    from candidates

),

judged as (

    select
        placed.origin_number,
        placed.recommendation_kind,
        count(*) as candidate_count,
        count(purchases.product_number) as bought_count,
        sum(placed.score) as expected_count
    from placed
    left join purchases
        on placed.origin_number = purchases.origin_number
        and placed.customer_number = purchases.customer_number
        and placed.product_number = purchases.product_number
    where placed.kind_place <= {{ var('clm_recommendation_count') }}
    group by placed.origin_number, placed.recommendation_kind

),

-- all kinds together; 1 where nobody could be judged
overall as (

    select
        origins.origin_number,
        {{ clm.ratio('coalesce(sum(judged.bought_count), 0) + 10', 'coalesce(sum(judged.expected_count), 0) + 10') }}
            as calibration_factor
    from origins
    left join judged on origins.origin_number = judged.origin_number
    group by origins.origin_number

),

kinds as (
    {% for kind in clm.recommendation_kinds() %}
    select '{{ kind }}' as recommendation_kind
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

final as (

    select
        overall.origin_number,
        kinds.recommendation_kind,
        cast(coalesce(judged.candidate_count, 0) as integer) as candidate_count,
        cast(coalesce(judged.bought_count, 0) as integer) as bought_count,
        cast(coalesce(judged.expected_count, 0) as numeric(28, 6)) as expected_count,
        {{ clm.ratio(
            'coalesce(judged.bought_count, 0) + 10 * overall.calibration_factor',
            'coalesce(judged.expected_count, 0) + 10'
        ) }} as calibration_factor
    from overall
    cross join kinds
    left join judged
        on overall.origin_number = judged.origin_number
        and kinds.recommendation_kind = judged.recommendation_kind

)

select * from final
