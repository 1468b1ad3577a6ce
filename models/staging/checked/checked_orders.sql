{#-
    Grain: one row per raw row of orders, typed and judged, with the rate of the order's day. Why it
    exists: staging and quarantine are two halves of it, so no row can fall between.
    What belongs to somebody who asked to be forgotten ends here; erased_guest_hash keeps the id of a
    guest as it was.
-#}

{%- set email = clm.normalised_email('typed.email') -%}
{%- set phone = clm.normalised_phone('typed.phone') -%}
{%- set erasure = clm.erasure_additions() %}

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
        ~ clm.business_day('typed.ordered_at') ~ " = daily_rates.rate_on " ~ clm.erasure_joins(email, phone),
    additions=dict(erasure, **{
        'reporting_rate':
            "cast(case when coalesce(typed.currency, reporting.reporting_currency) = reporting.reporting_currency"
            ~ " then 1 else daily_rates.rate end as numeric(18, 8))",
        'erased_guest_hash':
            "case when typed.customer_id is null then case"
            ~ " when not erased_emails.is_blocked then " ~ clm.sha256(email)
            ~ " when not erased_phones.is_blocked then " ~ clm.sha256(phone)
            ~ " when " ~ erasure.is_erased ~ " then " ~ clm.sha256('coalesce(' ~ email ~ ', ' ~ phone ~ ')')
            ~ " end end",
    }),
    redactions=clm.erasure_redactions()
) }},

final as (

    select
{{ clm.checked_columns('orders', ['reporting_rate', 'erased_guest_hash'] + erasure | list) }}
    from judged

)

select * from final
