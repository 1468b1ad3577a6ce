{#-
    Grain: exactly one row. Why it exists: which way of predicting is used for everybody, and why not the model: its gate is
    closed, it was off too far a horizon ago, or a way without a model did better.
-#}

with

fits as (

    select * from {{ ref('int_value_fits') }}
    where not is_backtest

),

counts as (

    select * from {{ ref('int_backtest_counts') }}

),

rankings as (

    select * from {{ ref('int_backtest_rankings') }}

),

model_counts as (

    select * from counts
    where prediction_method = 'bg_nbd' and horizon_days = {{ var('clm_value_horizon_days') }}

),

curve_counts as (

    select * from counts
    where prediction_method = 'cohort_curve' and horizon_days = {{ var('clm_value_horizon_days') }}

),

model_rankings as (

    select * from rankings
    where prediction_method = 'bg_nbd' and horizon_days = {{ var('clm_churn_horizon_days') }}

),

curve_rankings as (

    select * from rankings
    where prediction_method = 'return_curve' and horizon_days = {{ var('clm_churn_horizon_days') }}

),

judged as (

    select
        fits.*,
        model_counts.purchase_bias_rate,
        model_counts.value_bias_rate,
        model_counts.actual_purchase_count,
        model_counts.purchase_rmse as model_purchase_rmse,
        curve_counts.purchase_rmse as curve_purchase_rmse,
        model_rankings.brier_score as model_brier_score,
        curve_rankings.brier_score as curve_brier_score
    from fits
    left join model_counts on fits.is_backtest = false and model_counts.customer_count > 0
    left join curve_counts on fits.is_backtest = false and curve_counts.customer_count > 0
    left join model_rankings on fits.is_backtest = false and model_rankings.customer_count > 0
    left join curve_rankings on fits.is_backtest = false and curve_rankings.customer_count > 0

),

gated as (

    select
        judged.*,
        case
            when money_gate is not null then money_gate
            when
                abs(purchase_bias_rate) > {{ var('clm_value_bias_rate') }}
                or actual_purchase_count = 0
                or abs(value_bias_rate) > {{ var('clm_value_bias_rate') }}
                then 'biased_in_backtest'
            when model_purchase_rmse >= curve_purchase_rmse then 'curve_was_better'
        end as value_gate,
        case
            when purchase_gate is not null then purchase_gate
            when model_brier_score >= curve_brier_score then 'curve_was_better'
        end as probability_gate
    from judged

),

final as (

    select
        origin_on,
        fit_id,
        fitted_on,
        case when value_gate is null then 'bg_nbd' else 'cohort_curve' end as value_method,
        value_gate,
        case when probability_gate is null then 'bg_nbd' else 'return_curve' end as probability_method,
        probability_gate,
        purchase_bias_rate,
        value_bias_rate,
        model_purchase_rmse,
        curve_purchase_rmse,
        model_brier_score,
        curve_brier_score
    from gated

)

select * from final
