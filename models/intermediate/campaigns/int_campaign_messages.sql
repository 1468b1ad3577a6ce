{#-
    Grain: one row per message of a campaign that went out, once where both its sender and the ledger tell of it. Why it
    exists: what reached whom, at the prices of the catalogue; what budgets, results and attribution count.
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

placed as (

    select
        sends.*,
        row_number() over (
            partition by sends.campaign_id, sends.channel, sends.customer_id, sends.sent_on
            order by sends.send_source asc, {{ clm.byte_order('sends.send_id') }} asc
        ) as place
    from sends

),

final as (

    select
        placed.campaign_id,
        placed.channel,
        placed.customer_id,
        placed.sent_on,
        placed.sent_at,
        coalesce(journeys.journey_id, placed.campaign_id) as control_group,
        cast(
            coalesce(campaigns.message_cost_amount, channels.cost_amount, 0) + coalesce(campaigns.offer_cost_amount, 0)
            as numeric(18, 4)
        ) as cost_amount
    from placed
    left join campaigns on placed.campaign_id = campaigns.campaign_id
    left join channels on placed.channel = channels.channel
    left join journeys on placed.campaign_id = journeys.campaign_id
    where placed.place = 1

)

select * from final
