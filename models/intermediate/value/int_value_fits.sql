{#-
    Grain: one row per origin. Why it exists: the newest fit not after a day, and whether it may be used: a fit that is
    missing, old, of too few people or without an inner maximum is never used in silence.
-#}

with

origins as (

    select distinct
        origin_on,
        is_backtest
    from {{ ref('int_value_origins') }}

),

fits as (

    select * from {{ ref('stg_clv_parameters') }}
    where purchase_unit = '{{ var('clm_purchase_unit') }}' and cohort = 'all'

),

placed as (

    select
        origins.origin_on,
        origins.is_backtest,
        fits.*,
        {{ clm.days_between('fits.as_of_date', 'origins.origin_on') }} as fit_age_days,
        row_number() over (
            partition by origins.origin_on
            order by
                fits.as_of_date desc,
                coalesce(
                    fits.fitted_at, {{ clm.timestamp_literal('1970-01-01 00:00:00') }}
                ) desc,
                {{ clm.byte_order('fits.fit_id') }} desc
        ) as place
    from origins
    left join fits on origins.origin_on >= fits.as_of_date

),

gated as (

    select
        placed.*,
        case
            when fit_id is null then 'no_fit'
            when fit_age_days > {{ var('clm_value_fit_max_age_days') }} then 'fit_too_old'
            when coalesce(repeat_customer_count, 0) < {{ var('clm_value_least_repeat_customers') }}
                then 'few_repeat_customers'
            when r is null then 'no_maximum'
            when bounded_parameters is not null then 'parameter_at_bound'
            when a > 6 then 'beyond_the_series'
        end as purchase_gate
    from placed
    where place = 1

),

final as (

    select
        origin_on,
        is_backtest,
        fit_id,
        as_of_date as fitted_on,
        fit_age_days,
        customer_count,
        repeat_customer_count,
        r,
        alpha,
        a,
        b,
        log_likelihood,
        p,
        q,
        gamma,
        money_log_likelihood,
        purchase_gate,
        case
            when purchase_gate is not null then purchase_gate
            when q is null then 'no_money_fit'
            when bounded_money_parameters is not null then 'money_parameter_at_bound'
            when q <= 1 then 'mean_value_not_finite'
        end as money_gate
    from gated

)

select * from final
