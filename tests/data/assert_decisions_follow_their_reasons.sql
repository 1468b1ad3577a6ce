{#-
    Fails for every decision whose reason is unknown or demands another decision, or names what is
    not considered for the person, or the cap of another channel.
-#}

with

decisions as (

    select
        segment_campaign.*,
        {{ dbt.split_part('decision_reason', "':'", 1) }} as reason,
        {{ dbt.split_part('decision_reason', "':'", 2) }} as named
    from {{ ref('segment_campaign') }} as segment_campaign

),

expected as (

    select
        decisions.*,
        case
            when reason = 'eligible' then 'send'
            when
                reason in ('erased', 'suppressed', 'global_control', 'campaign_control', 'no_consent', 'unsubscribed')
                then 'never'
            when
                reason in (
                    'campaign_off', 'already_entered', 'goal_reached', 'no_address', 'other_channel', 'lower_priority',
                    'frequency_cap', 'budget_exhausted'
                )
                then 'hold'
        end as expected_decision
    from decisions

),

sent_today as (

    select distinct
        sends.customer_id,
        sends.channel,
        sends.campaign_id
    from {{ ref('int_campaign_sends') }} as sends
    inner join {{ ref('int_as_of') }} as as_of on sends.sent_on = as_of.as_of_date

)

select
    expected.customer_id,
    expected.campaign_id,
    expected.channel,
    expected.decision,
    expected.decision_reason
from expected
left join {{ ref('segment_campaign') }} as other_channels
    on expected.reason = 'other_channel'
    and expected.customer_id = other_channels.customer_id
    and expected.campaign_id = other_channels.campaign_id
    and expected.named = other_channels.channel
left join {{ ref('segment_campaign') }} as winners
    on expected.reason = 'lower_priority'
    and expected.customer_id = winners.customer_id
    and expected.channel = winners.channel
    and expected.named = winners.campaign_id
left join sent_today
    on expected.customer_id = sent_today.customer_id
    and expected.channel = sent_today.channel
    and expected.named = sent_today.campaign_id
where
    expected.expected_decision is null
    or expected.decision <> expected.expected_decision
    or (expected.reason = 'other_channel' and other_channels.customer_id is null)
    or (expected.reason = 'frequency_cap' and expected.named not in ('all', expected.channel))
    or (
        expected.reason = 'lower_priority'
        and sent_today.customer_id is null
        and (
            winners.customer_id is null
            or winners.priority > expected.priority
        )
    )
