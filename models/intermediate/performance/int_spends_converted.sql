{#-
    Grain: one row per sound row of marketing spend up to the as-of date. Why it exists: money in the reporting
    currency (NULL: no rate on or before its day) and for which stage of value it was spent.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

spends as (

    select * from {{ ref('stg_marketing_spends') }}

),

reporting as (

    select * from {{ ref('int_reporting_currency') }}

),

rates as (

    select * from {{ ref('stg_fx_rates') }}

),

value_stages as (

    select * from {{ ref('int_campaign_value_stages') }}

),

currency_days as (

    select distinct
        currency,
        spend_on
    from spends
    where currency is not null

),

ranked as (

    select
        currency_days.currency,
        currency_days.spend_on,
        rates.rate,
        row_number() over (
            partition by currency_days.currency, currency_days.spend_on
            order by rates.rate_on desc
        ) as place
    from currency_days
    inner join rates
        on currency_days.currency = rates.currency
        and currency_days.spend_on >= rates.rate_on

),

-- what names no campaign of the catalogue is what brings new people
final as (

    select
        spends.spend_on,
        spends.channel,
        spends.campaign_id,
        coalesce(value_stages.value_stage, 'acquisition') as value_stage,
        spends.amount,
        spends.currency,
        cast(case
            when spends.currency is null or spends.currency = reporting.reporting_currency then spends.amount
            else round(cast(spends.amount as numeric(19, 2)) * ranked.rate, 2)
        end as numeric(18, 2)) as reporting_amount
    from spends
    cross join as_of
    cross join reporting
    left join value_stages on spends.campaign_id = value_stages.campaign_id
    left join ranked
        on spends.currency = ranked.currency
        and spends.spend_on = ranked.spend_on
        and ranked.place = 1
    where spends.spend_on <= as_of.as_of_date

)

select * from final
