{#-
    Grain: one row per campaign. Why it exists: what is left of its budget, over its life: messages, and money at the
    prices of the catalogue; NULL: no limit.
-#}

with

campaigns as (

    select * from {{ ref('campaigns') }}

),

messages as (

    select * from {{ ref('int_campaign_messages') }}

),

spent as (

    select
        campaign_id,
        count(*) as message_count,
        sum(cost_amount) as cost_amount
    from messages
    group by campaign_id

),

final as (

    select
        campaigns.campaign_id,
        cast(coalesce(spent.message_count, 0) as integer) as message_count,
        cast(coalesce(spent.cost_amount, 0) as numeric(28, 4)) as cost_amount,
        cast(campaigns.budget_messages - coalesce(spent.message_count, 0) as integer) as messages_left,
        cast(campaigns.budget_amount - coalesce(spent.cost_amount, 0) as numeric(28, 4)) as amount_left
    from campaigns
    left join spent on campaigns.campaign_id = spent.campaign_id

)

select * from final
