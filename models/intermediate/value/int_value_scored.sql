{#-
    Grain: one row per person, origin and horizon. Why it exists: what BG/NBD and Gamma-Gamma say of each person, NULL
    where their gate is closed. The probability of no purchase takes powers only; it is never 1 - P(alive), which
    would take everybody who bought once for alive.
-#}

with

origins as (

    select * from {{ ref('int_value_origins') }}

),

histories as (

    select * from {{ ref('int_value_histories') }}

),

fits as (

    select * from {{ ref('int_value_fits') }}

),

expected as (

    select * from {{ ref('int_value_expected') }}

),

known as (

    select
        histories.*,
        origins.horizon_days,
        origins.is_backtest,
        fits.purchase_gate,
        fits.money_gate,
        fits.r + histories.repeat_count as shape,
        fits.alpha + {{ clm.weeks('histories.tenure_days') }} as scale,
        expected.expected_count_alive,
        expected.discounted_count_alive,
        case
            when histories.repeat_count = 0 then 1
            else 1 / (
                1 + fits.a / (fits.b + histories.repeat_count - 1) * {{ clm.power(
                    '((fits.alpha + ' ~ clm.weeks('histories.tenure_days') ~ ') / (fits.alpha + '
                    ~ clm.weeks('histories.recency_days') ~ '))',
                    'fits.r + histories.repeat_count'
                ) }}
            )
        end as p_alive,
        case
            when fits.money_gate is null
                then (fits.gamma + histories.repeat_amount) * fits.p
                    / (fits.p * histories.repeat_value_count + fits.q - 1)
        end as expected_purchase_amount
    from histories
    inner join origins on histories.origin_on = origins.origin_on
    inner join fits on histories.origin_on = fits.origin_on
    left join expected
        on histories.origin_on = expected.origin_on
        and origins.horizon_days = expected.horizon_days
        and histories.repeat_count = expected.repeat_count
        and histories.tenure_days = expected.tenure_days

),

final as (

    select
        customer_number,
        origin_on,
        horizon_days,
        is_backtest,
        purchase_day_count,
        repeat_count,
        recency_days,
        tenure_days,
        repeat_value_count,
        repeat_amount,
        next_count,
        next_amount,
        purchase_gate,
        money_gate,
        {{ clm.rounded('case when purchase_gate is null then p_alive end') }} as p_alive,
        {{ clm.rounded(
            'case when purchase_gate is null then 1 - p_alive * (1 - '
            ~ clm.power('(scale / (scale + ' ~ clm.weeks('horizon_days') ~ '))', 'shape') ~ ') end'
        ) }} as p_no_purchase,
        {{ clm.rounded('p_alive * expected_count_alive') }} as expected_purchase_count,
        {{ clm.rounded('expected_purchase_amount') }} as expected_purchase_amount,
        {{ clm.rounded('p_alive * discounted_count_alive * expected_purchase_amount') }} as predicted_value_amount
    from known

)

select * from final
