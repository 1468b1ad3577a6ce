{#-
    Grain: one row per backtest (origin and horizon), way of telling who will not buy and value that it gave. Why it
    exists: how many people had the value and how many of them did not buy, which is all that AUC, Brier score and
    calibration need. Recency is no probability: it orders people, and has no Brier score.
-#}
{%- set methods = {
    'bg_nbd': 'p_no_purchase', 'return_curve': 'curve_p_no_purchase',
    'recency': 'cast(tenure_days - recency_days as numeric(28, 6))',
} %}

with

predictions as (

    select * from {{ ref('int_value_predictions') }}
    where is_backtest

),

final as (
    {% for method, column in methods.items() %}
    select
        origin_on,
        horizon_days,
        '{{ method }}' as prediction_method,
        cast({{ column }} as numeric(18, 6)) as predicted,
        {{ 'false' if method == 'recency' else 'true' }} as is_probability,
        count(*) as customer_count,
        sum(case when next_count = 0 then 1 else 0 end) as none_count
    from predictions
    where {{ column }} is not null
    group by origin_on, horizon_days, cast({{ column }} as numeric(18, 6))

    union all
    {% endfor %}
    -- the share that did not buy, told to everybody: no constant is better
    select
        origin_on,
        horizon_days,
        'base_rate' as prediction_method,
        cast(round(cast(avg(case when next_count = 0 then 1.0 else 0.0 end) as numeric(18, 9)), 6) as numeric(18, 6))
            as predicted,
        true as is_probability,
        count(*) as customer_count,
        sum(case when next_count = 0 then 1 else 0 end) as none_count
    from predictions
    group by origin_on, horizon_days
)

select * from final
