{#-
    Grain: one row per month, spend channel and stage of value with marketing spend up to the as-of date. Why it
    exists: what winning a buyer costs by channel, and whether the buyers are worth it.
-#}

with

spends as (

    select * from {{ ref('int_spends_converted') }}

),

new_buyers as (

    select * from {{ ref('int_new_buyers') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

monthly as (

    select
        {{ clm.month_text('spend_on') }} as spend_month,
        channel,
        value_stage,
        count(*) as spend_count,
        sum(case when reporting_amount is null then 1 else 0 end) as unconverted_count,
        sum(coalesce(reporting_amount, 0)) as spend_amount
    from spends
    group by {{ clm.month_text('spend_on') }}, channel, value_stage

),

-- a channel that is somebody's acquisition source is held against its own buyers, any other against all
sources as (

    select distinct acquisition_source from customers

),

based as (

    select
        monthly.*,
        case
            when monthly.value_stage <> 'acquisition' then null
            when sources.acquisition_source is null then 'all'
            else 'source'
        end as buyer_basis
    from monthly
    left join sources on monthly.channel = sources.acquisition_source

),

counted as (

    select
        based.spend_month,
        based.channel,
        based.value_stage,
        sum(new_buyers.new_buyer_count) as new_buyer_count,
        sum(new_buyers.realised_amount) as realised_amount,
        sum(new_buyers.predicted_count) as predicted_count,
        sum(new_buyers.predicted_amount) as predicted_amount
    from based
    inner join new_buyers
        on based.spend_month = new_buyers.first_purchase_month
        and (based.buyer_basis = 'all' or based.channel = new_buyers.acquisition_source)
    where based.buyer_basis is not null
    group by based.spend_month, based.channel, based.value_stage

),

valued as (

    select
        based.*,
        case when based.buyer_basis is not null then coalesce(counted.new_buyer_count, 0) end as new_buyer_count,
        case
            when based.unconverted_count = 0
                then {{ clm.average_amount('based.spend_amount', 'counted.new_buyer_count') }}
        end as cost_per_acquisition_amount,
        {{ clm.average_amount('counted.realised_amount', 'counted.new_buyer_count') }} as average_realised_amount,
        {{ clm.average_amount('counted.predicted_amount', 'counted.predicted_count') }} as average_predicted_amount
    from based
    left join counted
        on based.spend_month = counted.spend_month
        and based.channel = counted.channel
        and based.value_stage = counted.value_stage

),

final as (

    select
        spend_month,
        channel,
        value_stage,
        cast(spend_count as integer) as spend_count,
        cast(unconverted_count as integer) as unconverted_count,
        cast(spend_amount as numeric(28, 2)) as spend_amount,
        buyer_basis,
        cast(new_buyer_count as integer) as new_buyer_count,
        cast(cost_per_acquisition_amount as numeric(18, 2)) as cost_per_acquisition_amount,
        cast(average_realised_amount as numeric(18, 2)) as average_realised_amount,
        cast(average_predicted_amount as numeric(18, 2)) as average_predicted_amount,
        {{ clm.ratio('average_realised_amount + average_predicted_amount', 'cost_per_acquisition_amount') }}
            as value_to_cost_ratio
    from valued

)

select * from final
