{#-
    Grain: one row per currency and day on which an order used it. Why it exists: the rate of a day is
    the latest on or before it; found once per day, not per order.
-#}

with

inputs as (

    select * from {{ ref('base_orders') }}

),

rates as (

    select * from {{ ref('stg_fx_rates') }}

),

order_days as (

    select distinct
        {{ clm.read_value('inputs.currency', 'currency') }} as currency,
        {{ clm.business_day(clm.read_value('inputs.ordered_at', 'timestamp')) }} as rate_on
    from inputs

),

latest as (

    select
        order_days.currency,
        order_days.rate_on,
        rates.rate,
        row_number() over (
            partition by order_days.currency, order_days.rate_on
            order by rates.rate_on desc
        ) as place
    from order_days
    inner join rates
        on order_days.currency = rates.currency
        and order_days.rate_on >= rates.rate_on

),

final as (

    select
        currency,
        rate_on,
        rate
    from latest
    where place = 1

)

select * from final
