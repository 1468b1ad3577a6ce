{#-
    Grain: one row per backtest (origin and horizon) and way of telling who will not buy. Why it exists: whether it puts
    those who did not buy above those who did (AUC: ties count half), and how far its probabilities are off (Brier).
-#}

with

probabilities as (

    select * from {{ ref('int_backtest_probabilities') }}

),

ordered as (

    select
        origin_on,
        horizon_days,
        prediction_method,
        predicted,
        is_probability,
        customer_count,
        none_count,
        sum(customer_count - none_count) over (
            partition by origin_on, horizon_days, prediction_method
            order by predicted asc
            rows between unbounded preceding and current row
        ) as buyers_so_far
    from probabilities

),

summed as (

    select
        origin_on,
        horizon_days,
        prediction_method,
        sum(customer_count) as customer_count,
        sum(none_count) as none_count,
        sum(customer_count - none_count) as buyer_count,
        sum(none_count * (2 * buyers_so_far - (customer_count - none_count))) as half_wins,
        sum(
            case
                when is_probability then cast(
                    none_count * (1 - predicted) * (1 - predicted)
                    + (customer_count - none_count) * predicted * predicted
                    as numeric(28, 9)
                )
            end
        ) as squares
    from ordered
    group by origin_on, horizon_days, prediction_method

),

final as (

    select
        origin_on,
        horizon_days,
        prediction_method,
        cast(customer_count as integer) as customer_count,
        cast(none_count as integer) as no_purchase_count,
        {{ clm.rounded('cast(half_wins as ' ~ clm.type_double() ~ ') / nullif(2.0 * cast(none_count as '
            ~ clm.type_double() ~ ') * buyer_count, 0)') }} as auc,
        {{ clm.rounded('cast(squares as ' ~ clm.type_double() ~ ') / customer_count') }} as brier_score
    from summed

)

select * from final
