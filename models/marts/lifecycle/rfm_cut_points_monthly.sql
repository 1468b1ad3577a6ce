{#-
    Grain: one row per observation day (each month end with a buyer, and the as-of date), RFM metric and score
    that a buyer had. Why it exists: the cut points of every past month, so that a segment of then can be
    checked, and the drift of the bounds be seen.
-#}

with

scores as (

    select * from {{ ref('int_rfm_month_scores') }}

),

days as (

    select * from {{ ref('int_observation_days') }}

),

final as (

    select
        days.observed_on,
        days.is_month_end,
        scores.metric,
        scores.score,
        scores.lowest_value,
        scores.highest_value,
        scores.customer_count
    from scores
    inner join days on scores.month_number = days.month_number

)

select * from final
