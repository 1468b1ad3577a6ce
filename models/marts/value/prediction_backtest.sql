{#-
    Grain: one row per horizon and way of predicting. Why it exists: how good the predictions were that the same rules
    would have made a horizon ago, beside the ways without a model that they have to beat.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

counts as (

    select * from {{ ref('int_backtest_counts') }}

),

rankings as (

    select * from {{ ref('int_backtest_rankings') }}

),

hits as (

    select
        origins.origin_on,
        hits.*
    from {{ ref('int_recommendation_hits') }} as hits
    inner join {{ ref('int_recommendation_origins') }} as origins on hits.origin_number = origins.origin_number

),

methods as (

    select
        origin_on,
        horizon_days,
        prediction_method
    from counts

    union

    select
        origin_on,
        horizon_days,
        prediction_method
    from rankings

    union

    select
        origin_on,
        horizon_days,
        prediction_method
    from hits

),

final as (

    select
        as_of.as_of_date,
        methods.origin_on,
        cast(methods.horizon_days as integer) as horizon_days,
        methods.prediction_method,
        coalesce(counts.customer_count, rankings.customer_count, hits.customer_count) as customer_count,
        counts.predicted_purchase_count,
        counts.actual_purchase_count,
        counts.purchase_bias_rate,
        counts.purchase_rmse,
        counts.purchase_correlation,
        counts.predicted_amount,
        counts.actual_amount,
        counts.value_bias_rate,
        rankings.no_purchase_count,
        rankings.auc,
        rankings.brier_score,
        hits.hit_rate
    from methods
    cross join as_of
    left join counts
        on methods.origin_on = counts.origin_on
        and methods.horizon_days = counts.horizon_days
        and methods.prediction_method = counts.prediction_method
    left join rankings
        on methods.origin_on = rankings.origin_on
        and methods.horizon_days = rankings.horizon_days
        and methods.prediction_method = rankings.prediction_method
    left join hits
        on methods.origin_on = hits.origin_on
        and methods.horizon_days = hits.horizon_days
        and methods.prediction_method = hits.prediction_method

)

select * from final
