{#-
    Fails for every member of an audience who is not considered by each channel of the campaign (steps of
    journeys wait until they are due), and for everybody considered who is no member.
-#}

with

members as (

    select
        members.campaign_id,
        members.customer_id,
        campaign_channels.channel,
        journeys.campaign_id is not null as is_step
    from {{ ref('int_campaign_members') }} as members
    inner join {{ ref('campaign_channels') }} as campaign_channels
        on members.campaign_id = campaign_channels.campaign_id
    left join {{ ref('journeys') }} as journeys
        on members.campaign_id = journeys.campaign_id
        and (journeys.delay_days > 0 or journeys.delay_from <> 'entry')

),

decisions as (

    select * from {{ ref('segment_campaign') }}

)

select
    coalesce(members.customer_id, decisions.customer_id) as customer_id,
    coalesce(members.campaign_id, decisions.campaign_id) as campaign_id,
    coalesce(members.channel, decisions.channel) as channel,
    members.customer_id is null as is_no_member
from members
full outer join decisions
    on members.customer_id = decisions.customer_id
    and members.campaign_id = decisions.campaign_id
    and members.channel = decisions.channel
where
    members.customer_id is null
    or (decisions.customer_id is null and not members.is_step)
