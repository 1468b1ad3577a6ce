{#-
    Grain: one row per person, campaign and channel considered. Why it exists: of the channels of a campaign that are open
    the preferred one, of the campaigns on a channel the first in priority; one message per person, channel and day.
    What went out today keeps its place.
-#}

with

gated as (

    select * from {{ ref('int_campaign_gated') }}

),

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

final as (

    select
        as_of_date,
        customer_id,
        person_key,
        segment,
        lifecycle_stage,
        campaign_id,
        channel,
        priority,
        wave,
        offer,
        template,
        variant,
        is_message,
        cost_amount,
        entered_on,
        consent_changed_at,
        consent_id,
        message_key,
        case
            when closed_by is not null then closed_by
            when channel <> open_channel then 'other_channel:' || open_channel
            when is_message and campaign_id <> winning_campaign_id then 'lower_priority:' || winning_campaign_id
        end as closed_by
    from ranked

)

select * from final
