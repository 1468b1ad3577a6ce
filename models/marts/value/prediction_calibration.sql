{#-
    Grain: one row per horizon, way of predicting and tenth of the people, by probability. Why it exists: of a hundred
    people of whom a probability of .7 was said, how many did not buy.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

probabilities as (

    select * from {{ ref('int_backtest_probabilities') }}
    where is_probability and prediction_method <> 'base_rate'

),

placed as (

    select
        probabilities.*,
        sum(customer_count) over (partition by origin_on, horizon_days, prediction_method) as all_count,
        sum(customer_count) over (
            partition by origin_on, horizon_days, prediction_method
            order by predicted asc
            rows between unbounded preceding and current row
        ) - customer_count as before_count
    from probabilities

),

-- people with the same probability are in the same tenth
tenths as (

    select
        placed.*,
        cast(1 + floor(10.0 * before_count / all_count) as integer) as tenth
    from placed

),

final as (

    select
        as_of.as_of_date,
        tenths.origin_on,
        cast(tenths.horizon_days as integer) as horizon_days,
        tenths.prediction_method,
        tenths.tenth,
        cast(sum(tenths.customer_count) as integer) as customer_count,
        cast(min(tenths.predicted) as numeric(18, 6)) as least_probability,
        cast(max(tenths.predicted) as numeric(18, 6)) as greatest_probability,
        {{ clm.rounded('cast(sum(cast(tenths.predicted * tenths.customer_count as numeric(28, 6))) as '
            ~ clm.type_double() ~ ') / sum(tenths.customer_count)') }} as predicted_rate,
        {{ clm.rounded('cast(sum(tenths.none_count) as ' ~ clm.type_double() ~ ') / sum(tenths.customer_count)') }}
            as actual_rate
    from tenths
    cross join as_of
    group by as_of.as_of_date, tenths.origin_on, tenths.horizon_days, tenths.prediction_method, tenths.tenth

)

select * from final
