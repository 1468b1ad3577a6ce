{#-
    Grain: one row per campaign of the catalogue. Why it exists: for which stage of value its money is spent. A goal
    before the first purchase is acquisition; else the segments and stages that its audience names decide, if they
    all mean one stage; else it is retention.
-#}

with

campaigns as (

    select * from {{ ref('campaigns') }}

),

audiences as (

    select * from {{ ref('campaign_audiences') }}

),

segments as (

    select * from {{ ref('segments') }}

),

taxonomies as (

    select * from {{ ref('lifecycle_taxonomies') }}

),

-- a sub-state that several stages have names no stage
sub_states as (

    select
        lifecycle_sub_state,
        max(lifecycle_stage) as lifecycle_stage
    from taxonomies
    group by lifecycle_sub_state
    having count(*) = 1

),

stages as (

    select
        audiences.campaign_id,
        case
            when audiences.field = 'lifecycle_stage' then audiences.operand
            when audiences.field = 'lifecycle_sub_state' then sub_states.lifecycle_stage
        end as lifecycle_stage
    from audiences
    left join sub_states on audiences.operand = sub_states.lifecycle_sub_state
    where audiences.operator = 'is'

),

named as (

    select
        audiences.campaign_id,
        segments.value_stage
    from audiences
    inner join segments on audiences.operand = segments.segment
    where audiences.field = 'segment' and audiences.operator = 'is'

    union all

    select
        campaign_id,
        case lifecycle_stage
            when 'prospect' then 'acquisition'
            when 'new' then 'retention'
            when 'active' then 'value_growth'
            when 'loyal' then 'admiration'
            when 'churned' then 'reactivation'
        end as value_stage
    from stages
    where lifecycle_stage is not null

),

agreed as (

    select
        campaign_id,
        max(value_stage) as value_stage
    from named
    group by campaign_id
    having min(value_stage) = max(value_stage)

),

final as (

    select
        campaigns.campaign_id,
        case
            when campaigns.goal_metric in ('first_purchase', 'contact_data') then 'acquisition'
            else coalesce(agreed.value_stage, 'retention')
        end as value_stage
    from campaigns
    left join agreed on campaigns.campaign_id = agreed.campaign_id

)

select * from final
