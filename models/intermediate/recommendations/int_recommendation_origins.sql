{#-
    Grain: one row per day from which products are recommended: the as-of date, the day a horizon
    (clm_recommendation_horizon_days) before it, and the one a horizon before that. Why it exists: what is recommended
    today is judged on what would have been recommended then, and each day's scores are calibrated on the day before it
    in this list, never on what is judged.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

final as (
    {% for number in range(3) %}
    select
        {{ number }} as origin_number,
        {{ clm.add_days('as_of_date', -number * (var('clm_recommendation_horizon_days') | int)) }} as origin_on
    from as_of
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
)

select * from final
