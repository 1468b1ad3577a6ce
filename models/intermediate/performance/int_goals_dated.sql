{#-
    Grain: one row per marketing goal. Why it exists: the days on which a goal looks: until when it is measured,
    on which day its people are taken, and on which day their segments are known.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

goals as (

    select * from {{ ref('marketing_goals') }}

),

observation_days as (

    select * from {{ ref('int_observation_days') }}

),

-- whom a rate follows is decided before the period; whom a count counts, on its last day
dated as (

    select
        goals.goal_id,
        goals.metric,
        goals.scope_kind,
        goals.scope,
        goals.starts_on,
        goals.ends_on,
        as_of.as_of_date,
        least(goals.ends_on, as_of.as_of_date) as until_on,
        case
            when goals.metric = 'churn_rate' or (goals.metric = 'repeat_rate' and goals.scope_kind <> 'all')
                then {{ clm.add_days('goals.starts_on', -1) }}
            else least(goals.ends_on, as_of.as_of_date)
        end as people_on
    from goals
    cross join as_of

),

segment_days as (

    select
        dated.goal_id,
        max(observation_days.observed_on) as segments_on
    from dated
    inner join observation_days on dated.people_on >= observation_days.observed_on
    group by dated.goal_id

),

final as (

    select
        dated.*,
        segment_days.segments_on
    from dated
    left join segment_days on dated.goal_id = segment_days.goal_id

)

select * from final
