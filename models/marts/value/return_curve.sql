{#-
    Grain: one row per number of the purchase (4: the fourth and later) and week since it. Why it exists: how many come
    back and when, with those who have not come back yet counted for the time that they had; and what churned
    would mean with other days than clm_churn_days.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

curves as (

    select * from {{ ref('int_return_curves') }}

),

current_curves as (

    select curves.*
    from curves
    inner join as_of on curves.origin_on = as_of.as_of_date

),

ends as (

    select
        purchase_number,
        min(away_rate) as last_away_rate
    from current_curves
    group by purchase_number

),

final as (

    select
        as_of.as_of_date,
        current_curves.purchase_number,
        current_curves.week_number,
        cast((current_curves.week_number + 1) * 7 as integer) as silence_days,
        current_curves.at_risk_count,
        current_curves.return_count,
        cast(1 - current_curves.away_rate as numeric(28, 6)) as returned_rate,
        {{ clm.ratio('current_curves.away_rate - ends.last_away_rate', 'current_curves.away_rate') }}
            as later_return_rate
    from current_curves
    cross join as_of
    inner join ends on current_curves.purchase_number = ends.purchase_number

)

select * from final
