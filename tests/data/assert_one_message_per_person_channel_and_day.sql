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

)

select
    customer_id,
    channel,
    as_of_date,
    sum(case when decision = 'send' then 1 else 0 end) as message_count
from decisions
where is_message
group by customer_id, channel, as_of_date
having
    sum(case when decision = 'send' then 1 else 0 end) > 1
    or (
        sum(case when decision = 'send' then 1 else 0 end) = 0
        and sum(case when decision_reason like 'lower_priority:%' then 1 else 0 end) > 0
        and sum(case when decision_reason = 'already_entered' then 1 else 0 end) = 0
        and sum(case
            when decision_reason like 'frequency_cap:%' or decision_reason = 'budget_exhausted' then 1
            else 0
        end) = 0
    )
