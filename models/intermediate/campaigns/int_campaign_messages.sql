{#-
    Grain: one row per message of a campaign that went out. Why it exists: what reached whom, at the prices of the catalogue;
    what budgets, results and attribution count.
-#}

with

sends as (

    select * from {{ ref('int_campaign_sends') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}

),

channels as (

    select * from {{ ref('channels') }}

),

journeys as (

    select * from {{ ref('journeys') }}

),

final as (

    select
        sends.send_source,
        sends.send_id,
        sends.campaign_id,
        sends.channel,
        sends.customer_id,
        sends.sent_on,
        sends.sent_at,
        coalesce(journeys.journey_id, sends.campaign_id) as control_group,
        cast(
            coalesce(campaigns.message_cost_amount, channels.cost_amount, 0) + coalesce(campaigns.offer_cost_amount, 0)
            as numeric(18, 4)
        ) as cost_amount
    from sends
    left join campaigns on sends.campaign_id = campaigns.campaign_id
    left join channels on sends.channel = channels.channel
    left join journeys on sends.campaign_id = journeys.campaign_id

)

select * from final
