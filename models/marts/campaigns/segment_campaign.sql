{#-
    Grain: one row per person, campaign and channel considered on the as-of date. Why it exists: why did
    this person (not) get this: every row has one decision and exactly one reason, the first that
    applies. The winner of a person and channel is one message a day.
-#}

with

gated as (

    select * from {{ ref('int_campaign_gated') }}

),

recommended as (

    select * from {{ ref('int_customers_recommended') }}

),

-- the preferred channel of a campaign that is open; what went out today keeps its place
channelled as (

    select
        gated.*,
        first_value(channel) over (
            partition by customer_id, campaign_id
            order by
                case when closed_by is null then 0 else 1 end asc,
                preference asc,
                {{ clm.byte_order('channel') }} asc
        ) as open_channel
    from gated

),

competing as (

    select
        channelled.*,
        case
            when closed_by = 'already_entered' and sent_on = as_of_date then 1
            when closed_by is null and channel = open_channel then 2
            else 3
        end as claim
    from channelled

),

ranked as (

    select
        competing.*,
        first_value(campaign_id) over (
            partition by customer_id, channel, is_message
            order by
                claim asc,
                priority asc,
                {{ clm.byte_order('campaign_id') }} asc
        ) as winning_campaign_id
    from competing

),

reasoned as (

    select
        ranked.*,
        case
            when closed_by is not null then closed_by
            when channel <> open_channel then 'other_channel:' || open_channel
            when is_message and campaign_id <> winning_campaign_id then 'lower_priority:' || winning_campaign_id
            else 'eligible'
        end as decision_reason
    from ranked

),

final as (

    select
        reasoned.as_of_date,
        reasoned.customer_id,
        reasoned.segment,
        reasoned.lifecycle_stage,
        reasoned.campaign_id,
        reasoned.channel,
        case
            when reasoned.decision_reason = 'eligible' then 'send'
            when
                reasoned.decision_reason in (
                    'erased', 'suppressed', 'global_control', 'campaign_control', 'no_consent', 'unsubscribed'
                )
                then 'never'
            else 'hold'
        end as decision,
        reasoned.decision_reason,
        reasoned.variant,
        reasoned.wave,
        reasoned.priority,
        reasoned.offer,
        reasoned.template,
        reasoned.entered_on,
        {{ clm.utc_time(clm.at_hour(clm.add_days('reasoned.as_of_date', 1), var('clm_send_hour'))) }} as send_after,
        reasoned.message_key,
        reasoned.cost_amount,
        reasoned.consent_changed_at,
        recommended.favourite_category,
        recommended.recommended_product_ids
    from reasoned
    left join recommended on reasoned.customer_id = recommended.customer_id

)

select * from final
