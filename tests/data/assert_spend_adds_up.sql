{#-
    Fails for every month and channel whose rows or money in spend_by_stage are not those of the staged spend up to the
    as-of date.
-#}

with

staged as (

    select
        {{ clm.month_text('spends.spend_on') }} as spend_month,
        spends.channel,
        spends.spend_on,
        spends.currency,
        spends.amount,
        spends.currency is null or spends.currency = reporting.reporting_currency as is_reporting
    from {{ ref('stg_marketing_spends') }} as spends
    cross join {{ ref('int_as_of') }} as as_of
    cross join {{ ref('int_reporting_currency') }} as reporting
    where spends.spend_on <= as_of.as_of_date

),

rate_days as (

    select
        staged.currency,
        staged.spend_on,
        max(rates.rate_on) as rate_on
    from staged
    inner join {{ ref('stg_fx_rates') }} as rates
        on staged.currency = rates.currency
        and staged.spend_on >= rates.rate_on
    group by staged.currency, staged.spend_on

),

expected as (

    select
        staged.spend_month,
        staged.channel,
        count(*) as spend_count,
        sum(case
            when staged.is_reporting then staged.amount
            else coalesce(cast(round(cast(staged.amount as numeric(19, 2)) * rates.rate, 2) as numeric(18, 2)), 0)
        end) as spend_amount
    from staged
    left join rate_days
        on staged.currency = rate_days.currency
        and staged.spend_on = rate_days.spend_on
    left join {{ ref('stg_fx_rates') }} as rates
        on rate_days.currency = rates.currency
        and rate_days.rate_on = rates.rate_on
    group by staged.spend_month, staged.channel

),

found as (

    select
        spend_month,
        channel,
        sum(spend_count) as spend_count,
        sum(spend_amount) as spend_amount
    from {{ ref('spend_by_stage') }}
    group by spend_month, channel

)

select
    coalesce(expected.spend_month, found.spend_month) as spend_month,
    coalesce(expected.channel, found.channel) as channel,
    expected.spend_amount,
    found.spend_amount as found_amount
from expected
full outer join found
    on expected.spend_month = found.spend_month
    and expected.channel = found.channel
where
    expected.spend_month is null
    or found.spend_month is null
    or expected.spend_count <> found.spend_count
    or expected.spend_amount <> found.spend_amount
