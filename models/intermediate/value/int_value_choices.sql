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

-- one row each, of NULLs where there is no backtest
count_measures as (

    select
        {%- for name, measure in {
            'purchase_bias_rate': ['bg_nbd', 'purchase_bias_rate'],
            'value_bias_rate': ['bg_nbd', 'value_bias_rate'],
            'actual_purchase_count': ['bg_nbd', 'actual_purchase_count'],
            'model_purchase_rmse': ['bg_nbd', 'purchase_rmse'],
            'curve_purchase_rmse': ['cohort_curve', 'purchase_rmse'],
        }.items() %}
        cast(max(case when prediction_method = '{{ measure[0] }}' then {{ measure[1] }} end) as numeric(28, 6))
            as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from counts
    where horizon_days = {{ var('clm_value_horizon_days') }}

),

ranking_measures as (

    select
        cast(max(case when prediction_method = 'bg_nbd' then brier_score end) as numeric(28, 6)) as model_brier_score,
        cast(max(case when prediction_method = 'return_curve' then brier_score end) as numeric(28, 6))
            as curve_brier_score
    from rankings
    where horizon_days = {{ var('clm_churn_horizon_days') }}

),

judged as (

    select
        fits.*,
        count_measures.*,
        ranking_measures.*
    from fits
    cross join count_measures
    cross join ranking_measures

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
