{#-
    Grain: one row per raw row of orders, typed and judged, with the rate of the order's day. Why it
    exists: staging and quarantine are two halves of it, so no row can fall between.
-#}

with

reporting as (

    select * from {{ ref('int_reporting_currency') }}

),

daily_rates as (

    select * from {{ ref('int_fx_rates_by_day') }}

),

{{ clm.checked_rows(
    'orders',
    ref('base_orders'),
    rules=[
        ['unknown_status', "typed.status not in ('completed', 'shipped', 'pending', 'cancelled', 'refunded', 'test')"],
        ['no_fx_rate', "typed.currency <> reporting.reporting_currency and daily_rates.rate is null"],
        [
            'impossible_amount',
            "greatest(abs(typed.amount), abs(typed.discount_amount))"
            ~ " >= 9e15 / greatest(coalesce(daily_rates.rate, 1), 1)",
        ],
    ],
    joins="cross join reporting left join daily_rates on typed.currency = daily_rates.currency and "
        ~ clm.business_day('typed.ordered_at') ~ " = daily_rates.rate_on",
    additions={
        'reporting_rate':
            "cast(case when coalesce(typed.currency, reporting.reporting_currency) = reporting.reporting_currency"
            ~ " then 1 else daily_rates.rate end as numeric(18, 8))",
    }
) }},

final as (

    select
{{ clm.checked_columns('orders', ['reporting_rate']) }}
    from judged

)

select * from final
