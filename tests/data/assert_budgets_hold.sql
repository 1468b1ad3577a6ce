{#-
    Fails for every campaign whose planned messages, with those that went out before, are more or cost more than its
    budget. A budget that was used up before, or lowered since, allows no plan.
-#}

with

sent as (

    select
        campaign_id,
        count(*) as sent_count,
        sum(cost_amount) as sent_amount
    from {{ ref('int_campaign_messages') }}
    group by campaign_id

),

planned as (

    select
        campaign_id,
        count(*) as planned_count,
        sum(cost_amount) as planned_amount
    from {{ ref('segment_campaign') }}
    where decision = 'send'
    group by campaign_id

)

select
    planned.campaign_id,
    campaigns.budget_messages,
    coalesce(sent.sent_count, 0) as sent_count,
    planned.planned_count,
    campaigns.budget_amount,
    coalesce(sent.sent_amount, 0) as sent_amount,
    planned.planned_amount
from planned
inner join {{ ref('campaigns') }} as campaigns on planned.campaign_id = campaigns.campaign_id
left join sent on planned.campaign_id = sent.campaign_id
where
    planned.planned_count + coalesce(sent.sent_count, 0) > campaigns.budget_messages
    or planned.planned_amount + coalesce(sent.sent_amount, 0) > campaigns.budget_amount
