{#-
    Grain: one row per person, origin and horizon. Why it exists: what the models and what those without a model say
    of a person, side by side, with what happened since where the origin lies back.
-#}

with

scored as (

    select * from {{ ref('int_value_scored') }}

),

baselines as (

    select * from {{ ref('int_value_baselines') }}

),

final as (

    select
        scored.customer_number,
        scored.origin_on,
        scored.horizon_days,
        scored.is_backtest,
        scored.purchase_gate,
        scored.money_gate,
        scored.repeat_count,
        scored.recency_days,
        scored.tenure_days,
        scored.p_alive,
        scored.p_no_purchase,
        scored.expected_purchase_count,
        scored.expected_purchase_amount,
        scored.predicted_value_amount,
        baselines.cohort_purchase_count,
        baselines.cohort_amount,
        baselines.curve_p_no_purchase,
        {{ clm.rounded('cast(scored.repeat_count as ' ~ clm.type_double()
            ~ ') / nullif(scored.tenure_days, 0) * scored.horizon_days') }} as rate_purchase_count,
        scored.next_count,
        scored.next_amount
    from scored
    left join baselines
        on scored.origin_on = baselines.origin_on
        and scored.horizon_days = baselines.horizon_days
        and floor(scored.tenure_days / 30.0) = baselines.age_month
        and least(scored.purchase_day_count, 4) = baselines.purchase_number
        and floor((scored.tenure_days - scored.recency_days) / 7.0) = baselines.weeks_away

)

select * from final
