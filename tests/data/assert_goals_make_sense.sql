{#-
    Fails for every marketing goal whose metric, scope, target, direction or dates cannot be measured or mean nothing,
    with what is wrong.
-#}

with

goals as (

    select * from {{ ref('marketing_goals') }}

),

-- buyers: whether somebody in the scope has bought; visitors have no rank of health
scopes as (

    select
        'lifecycle_stage' as scope_kind,
        lifecycle_stage as scope,
        lifecycle_stage <> 'prospect' as is_buyer,
        lifecycle_stage = 'churned' as is_lost
    from {{ ref('lifecycle_stages') }}

    union all

    select
        'segment' as scope_kind,
        segment as scope,
        health_rank is not null as is_buyer,
        false as is_lost
    from {{ ref('segments') }}

),

judged as (

    select
        goals.goal_id,
        case
            when coalesce(goals.metric, '') not in (
                {%- for metric in clm.goal_metrics() -%}
                '{{ metric }}'{{ ', ' if not loop.last }}
                {%- endfor -%}
            ) then 'unknown metric'
            when coalesce(goals.scope_kind, '') not in ('all', 'lifecycle_stage', 'segment')
                then 'unknown kind of scope'
            when (goals.scope_kind = 'all') <> (goals.scope is null) then 'scope and its kind disagree'
            when goals.scope_kind <> 'all' and scopes.scope is null then 'unknown stage or segment'
            when coalesce(goals.direction, '') not in ('at_least', 'at_most') then 'unknown direction'
            when goals.starts_on is null or goals.ends_on is null then 'no dates'
            when goals.ends_on < goals.starts_on then 'ends before it starts'
            when goals.target is null or goals.target < 0 then 'no target'
            when goals.target = 0 and goals.direction = 'at_least' then 'reached without doing anything'
            when goals.metric in ('churn_rate', 'repeat_rate') and goals.target > 1 then 'a rate above 1'
            when goals.metric = 'churn_rate' and goals.direction = 'at_least' then 'wants people to leave'
            when goals.metric not in ('churn_rate', 'active_customers') and goals.direction = 'at_most'
                then 'wants less of what is good'
            when goals.metric = 'leads' and goals.scope_kind <> 'all' then 'a new lead has no scope before'
            when goals.metric = 'new_buyers' and scopes.is_buyer then 'a buyer is no new buyer'
            when goals.metric in ('churn_rate', 'repeat_rate') and not scopes.is_buyer
                then 'nobody in the scope is a buyer'
            when goals.metric = 'churn_rate' and scopes.is_lost then 'who is lost cannot be lost'
        end as problem
    from goals
    left join scopes
        on goals.scope_kind = scopes.scope_kind
        and goals.scope = scopes.scope

)

select
    goal_id,
    problem
from judged
where problem is not null
