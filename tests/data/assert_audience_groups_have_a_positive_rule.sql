{#-
    Fails for every group of an audience with nothing but is_not rules (nobody would be in it), and
    for every campaign without an audience or a channel.
-#}

with

audiences as (

    select distinct campaign_id from {{ ref('campaign_audiences') }}

),

channels as (

    select distinct campaign_id from {{ ref('campaign_channels') }}

)

select
    campaign_id,
    rule_group
from {{ ref('campaign_audiences') }}
group by campaign_id, rule_group
having sum(case when operator = 'is_not' then 0 else 1 end) = 0

union all

select
    campaigns.campaign_id,
    cast(null as integer) as rule_group
from {{ ref('campaigns') }} as campaigns
left join audiences on campaigns.campaign_id = audiences.campaign_id
left join channels on campaigns.campaign_id = channels.campaign_id
where audiences.campaign_id is null or channels.campaign_id is null
