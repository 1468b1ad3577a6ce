{#-
    Grain: one row per origin, person, kind and product. Why it exists: the place among those of its kind and, for the
    kind in which a product scores best, the place among all products. A score of at most 1 makes ties: the greater share
    is first. A new product nobody has bought yet (score 0) has its place among those of its kind only.
-#}

with

candidates as (

    select * from {{ ref('int_recommendation_candidates') }}

),

precisions as (

    select * from {{ ref('int_recommendation_precision') }}

),

calibrated as (

    select
        candidates.origin_number,
        candidates.customer_number,
        candidates.recommendation_kind,
        candidates.product_number,
        candidates.because_product_number,
        candidates.score as share,
        cast(
            least(1, round(candidates.score * precisions.calibration_factor, 6)) as numeric(28, 6)
        ) as score
    from candidates
    inner join precisions
        on candidates.origin_number + 1 = precisions.origin_number
        and candidates.recommendation_kind = precisions.recommendation_kind

),

placed as (

    select
        calibrated.*,
        row_number() over (
            partition by origin_number, customer_number, recommendation_kind
            order by score desc, share desc, product_number asc
        ) as kind_place,
        row_number() over (
            partition by origin_number, customer_number, product_number
            order by
                score desc,
                case recommendation_kind
                    {%- for kind in clm.recommendation_kinds() %}
                    when '{{ kind }}' then {{ loop.index }}
                    {%- endfor %}
                end asc
        ) as place_of_product
    from calibrated

),

ranked as (

    select
        placed.*,
        case
            when place_of_product = 1 and score > 0 then row_number() over (
                partition by origin_number, customer_number, place_of_product
                order by score desc, share desc, product_number asc
            )
        end as personal_place
    from placed

),

final as (

    select
        origin_number,
        customer_number,
        recommendation_kind,
        product_number,
        because_product_number,
        share,
        score,
        cast(kind_place as integer) as kind_place,
        cast(personal_place as integer) as personal_place
    from ranked
    where
        kind_place = 1
        or personal_place <= {{ var('clm_recommendation_count') }}
        or (recommendation_kind = 'popular' and kind_place <= {{ var('clm_recommendation_count') }})

)

select * from final
