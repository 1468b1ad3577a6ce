{#-
    Fails for every person and message channel with more than one planned message, and for every one where
    campaigns lost to a winner that neither goes out nor was capped.
-#}

with

decisions as (

    select
        segment_campaign.*,
        channels.is_message
    from {{ ref('segment_campaign') }} as segment_campaign
    inner join {{ ref('channels') }} as channels on segment_campaign.channel = channels.channel

),

sent_today as (

    select distinct
        sends.customer_id,
        sends.channel
    from {{ ref('int_campaign_sends') }} as sends
    inner join {{ ref('campaigns') }} as campaigns on sends.campaign_id = campaigns.campaign_id
    inner join {{ ref('int_as_of') }} as as_of on sends.sent_on = as_of.as_of_date

),

judged as (

    select
        decisions.*,
        case when sent_today.customer_id is not null then 1 else 0 end as is_taken
    from decisions
    left join sent_today
        on decisions.customer_id = sent_today.customer_id
        and decisions.channel = sent_today.channel

)

select
    customer_id,
    channel,
    as_of_date,
    sum(case when decision = 'send' then 1 else 0 end) as message_count
from judged
where is_message
group by customer_id, channel, as_of_date
having
    sum(case when decision = 'send' then 1 else 0 end) + max(is_taken) > 1
    or (
        sum(case when decision = 'send' then 1 else 0 end) = 0
        and sum(case when decision_reason like 'lower_priority:%' then 1 else 0 end) > 0
        and max(is_taken) = 0
        and sum(case
            when decision_reason like 'frequency_cap:%' or decision_reason = 'budget_exhausted' then 1
            else 0
        end) = 0
    )
