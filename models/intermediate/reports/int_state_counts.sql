{#-
    Grain: one row per observation day, stage and sub-state, people or not. Why it exists: populations of
    any day are the sum of who came into a state less who left it by then, so the cost is that of the
    changes, not of people times days.
-#}

with

history as (

    select * from {{ ref('lifecycle_history') }}

),

days as (

    select * from {{ ref('int_observation_days') }}

),

taxonomies as (

    select * from {{ ref('lifecycle_taxonomies') }}

),

steps as (

    select
        lifecycle_stage,
        lifecycle_sub_state,
        step_on,
        sum(step) as step
    from (
        select
            lifecycle_stage,
            lifecycle_sub_state,
            valid_from as step_on,
            1 as step
        from history
        union all
        select
            lifecycle_stage,
            lifecycle_sub_state,
            valid_to as step_on,
            -1 as step
        from history
        where valid_to is not null
    ) as changes
    group by lifecycle_stage, lifecycle_sub_state, step_on

),

final as (

    select
        days.observed_on,
        days.is_month_end,
        taxonomies.lifecycle_stage,
        taxonomies.lifecycle_sub_state,
        cast(coalesce(sum(steps.step), 0) as integer) as customer_count
    from days
    cross join taxonomies
    left join steps
        on taxonomies.lifecycle_stage = steps.lifecycle_stage
        and taxonomies.lifecycle_sub_state = steps.lifecycle_sub_state
        and days.observed_on >= steps.step_on
    group by days.observed_on, days.is_month_end, taxonomies.lifecycle_stage, taxonomies.lifecycle_sub_state

)

select * from final
