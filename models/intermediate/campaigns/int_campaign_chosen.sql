{#-
    Grain: one row per person, campaign and channel considered. Why it exists: of the channels of a campaign that are open
    the preferred one, of the campaigns on a channel the first in priority; one message per person, channel and day.
    What went out today keeps its place.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

gated as (

    select * from {{ ref('int_campaign_gated') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}

),

sends as (

    select * from {{ ref('int_campaign_sends') }}

),

sent_today as (

    select
        sends.customer_id,
        sends.channel,
        min({{ clm.byte_order('sends.campaign_id') }}) as campaign_id
    from sends
    cross join as_of
    inner join campaigns on sends.campaign_id = campaigns.campaign_id
    where sends.sent_on = as_of.as_of_date
    group by sends.customer_id, sends.channel

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

ranked as (

    select
        channelled.*,
        coalesce(
            sent_today.campaign_id,
            first_value(channelled.campaign_id) over (
                partition by channelled.customer_id, channelled.channel
                order by
                    case
                        when channelled.closed_by is null and channelled.channel = channelled.open_channel then 0 else 1
                    end asc,
                    channelled.priority asc,
                    {{ clm.byte_order('channelled.campaign_id') }} asc
            )
        ) as winning_campaign_id
    from channelled
    left join sent_today
        on channelled.customer_id = sent_today.customer_id
        and channelled.channel = sent_today.channel

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
