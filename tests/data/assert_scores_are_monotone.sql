{#-
    Fails for every value of a measure that scores less than a worse value, lies outside 1 to 5, or
    is not in the published cut points.
-#}

with

scored as (

    select
        metric,
        metric_value,
        score,
        lag(score) over (
            partition by metric
            order by case when metric = 'recency' then -metric_value else metric_value end asc
        ) as score_of_next_worse
    from {{ ref('int_rfm_scores') }}

)

select
    scored.metric,
    scored.metric_value,
    scored.score,
    scored.score_of_next_worse
from scored
left join {{ ref('rfm_cut_points') }} as cut_points
    on scored.metric = cut_points.metric
    and scored.score = cut_points.score
    and scored.metric_value between cut_points.lowest_value and cut_points.highest_value
where
    scored.score is null
    or scored.score not between 1 and 5
    or scored.score < scored.score_of_next_worse
    or cut_points.metric is null
