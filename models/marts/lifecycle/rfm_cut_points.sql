{#-
    Grain: one row per RFM metric and score in force on the as-of date. Why it exists: a shop can see
    from what value on a customer gets which score.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

scores as (

    select * from {{ ref('int_rfm_scores') }}

),

final as (

    select
        as_of.as_of_date,
        scores.metric,
        scores.score,
        min(scores.metric_value) as lowest_value,
        max(scores.metric_value) as highest_value,
        cast(sum(scores.customer_count) as integer) as customer_count
    from scores
    cross join as_of
    group by as_of.as_of_date, scores.metric, scores.score

)

select * from final
