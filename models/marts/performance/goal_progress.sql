{#-
    Grain: one row per marketing goal. Why it exists: what was to be reached, how far it is, and whether that is
    enough for the day.
-#}

with

goals as (

    select * from {{ ref('marketing_goals') }}

),

dated as (

    select * from {{ ref('int_goals_dated') }}

),

measured as (

    select * from {{ ref('int_goals_measured') }}

),

-- days of the period, and how many of them are over on the as-of date
timed as (

    select
        goals.*,
        dated.as_of_date,
        measured.actual,
        case when goals.starts_on <= dated.as_of_date then dated.until_on end as measured_until,
        {{ clm.days_between('goals.starts_on', 'goals.ends_on') }} + 1 as period_days,
        case
            when goals.starts_on > dated.as_of_date then 0
            else {{ clm.days_between('goals.starts_on', 'dated.until_on') }} + 1
        end as elapsed_days
    from goals
    inner join dated on goals.goal_id = dated.goal_id
    inner join measured on goals.goal_id = measured.goal_id

),

paced as (

    select
        timed.*,
        cast(case
            when metric in (
                {%- for metric, is_paced in clm.goal_metrics().items() if is_paced -%}
                '{{ metric }}'{{ ', ' if not loop.last }}
                {%- endfor -%}
            )
                then {{ clm.ratio('target * elapsed_days', 'period_days') }}
        end as numeric(28, 6)) as expected,
        case direction when 'at_least' then actual >= target else actual <= target end as is_met
    from timed

),

final as (

    select
        goal_id,
        name_en,
        name_zh,
        metric,
        scope_kind,
        scope,
        direction,
        starts_on,
        ends_on,
        as_of_date,
        measured_until,
        target,
        actual,
        expected,
        {{ clm.ratio('actual', 'target') }} as target_rate,
        {{ clm.ratio('elapsed_days', 'period_days') }} as elapsed_rate,
        case
            when starts_on > as_of_date then 'not_started'
            when actual is null then null
            when ends_on <= as_of_date then case when is_met then 'reached' else 'missed' end
            when direction = 'at_most' and actual <= coalesce(expected, target) then 'on_track'
            when direction = 'at_most' then 'behind'
            when is_met and expected is not null then 'reached'
            when actual >= coalesce(expected, target) then 'on_track'
            else 'behind'
        end as status
    from paced

)

select * from final
