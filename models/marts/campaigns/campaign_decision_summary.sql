{#-
    Grain: one row per campaign, channel, decision and reason on the as-of date. Why it exists: how many people each reason
    kept from each campaign, and what the rest costs.
-#}

with

decisions as (

    select * from {{ ref('segment_campaign') }}

),

final as (

    select
        as_of_date,
        campaign_id,
        channel,
        decision,
        decision_reason,
        cast(count(*) as integer) as customer_count,
        cast(sum(case when decision = 'send' then cost_amount else 0 end) as numeric(28, 4)) as cost_amount
    from decisions
    group by as_of_date, campaign_id, channel, decision, decision_reason

)

select * from final
