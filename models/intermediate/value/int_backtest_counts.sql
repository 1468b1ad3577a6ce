{#-
    Grain: one row per backtest (origin and horizon) and way of predicting purchases that has a prediction. Why it
    exists: how far the predicted purchases and amounts were off, in sums of exact numbers.
-#}
{%- set methods = {
    'bg_nbd': ['expected_purchase_count', 'predicted_value_amount'],
    'cohort_curve': ['cohort_purchase_count', 'cohort_amount'],
    'rate': ['coalesce(rate_purchase_count, 0)', 'cast(null as numeric(28, 6))'],
} %}

with

predictions as (

    select * from {{ ref('int_value_predictions') }}
    where is_backtest

),

predicted as (
    {% for method, columns in methods.items() %}
    select
        origin_on,
        horizon_days,
        '{{ method }}' as prediction_method,
        cast({{ columns[0] }} as numeric(18, 6)) as predicted_count,
        cast(next_count as numeric(18, 6)) as actual_count,
        cast({{ columns[1] }} as numeric(28, 6)) as predicted_amount,
        next_amount
    from predictions
    where {{ columns[0] }} is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

summed as (

    select
        origin_on,
        horizon_days,
        prediction_method,
        count(*) as customer_count,
        sum(predicted_count) as predicted_count,
        sum(actual_count) as actual_count,
        sum(predicted_amount) as predicted_amount,
        sum(case when predicted_amount is not null then next_amount end) as actual_amount,
        sum(cast((predicted_count - actual_count) * (predicted_count - actual_count) as numeric(28, 9))) as squares,
        sum(cast(predicted_count * predicted_count as numeric(28, 9))) as predicted_squares,
        sum(cast(actual_count * actual_count as numeric(28, 9))) as actual_squares,
        sum(cast(predicted_count * actual_count as numeric(28, 9))) as products
    from predicted
    group by origin_on, horizon_days, prediction_method

),

doubled as (

    select
        origin_on,
        horizon_days,
        prediction_method,
        customer_count,
        {%- for name in ['predicted_count', 'actual_count', 'predicted_amount', 'actual_amount', 'squares',
            'predicted_squares', 'actual_squares', 'products'] %}
        cast({{ name }} as {{ clm.type_double() }}) as {{ name }},
        {%- endfor %}
        cast(customer_count as {{ clm.type_double() }}) as people
    from summed

),

spread as (

    select
        doubled.*,
        predicted_squares - predicted_count * predicted_count / people as predicted_spread,
        actual_squares - actual_count * actual_count / people as actual_spread
    from doubled

),

final as (

    select
        origin_on,
        horizon_days,
        prediction_method,
        cast(customer_count as integer) as customer_count,
        {{ clm.rounded('predicted_count') }} as predicted_purchase_count,
        {{ clm.rounded('actual_count') }} as actual_purchase_count,
        {{ clm.rounded('predicted_count / nullif(actual_count, 0) - 1') }} as purchase_bias_rate,
        {{ clm.rounded('sqrt(squares / people)') }} as purchase_rmse,
        -- what says the same of everybody has no correlation
        {{ clm.rounded('case when predicted_spread > 0.0000001 * predicted_squares'
            ~ ' and actual_spread > 0.0000001 * actual_squares'
            ~ ' then (products - predicted_count * actual_count / people) / sqrt(predicted_spread * actual_spread) end') }}
            as purchase_correlation,
        cast(predicted_amount as numeric(28, 2)) as predicted_amount,
        cast(actual_amount as numeric(28, 2)) as actual_amount,
        {{ clm.rounded('predicted_amount / nullif(actual_amount, 0) - 1') }} as value_bias_rate
    from spread

)

select * from final
