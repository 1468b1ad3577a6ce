{#-
    Grain: one row per observation day (each month end since the first fact, and the as-of date), taxonomy
    and stage, people or not. Why it exists: how the population of every stage develops, in each of the
    taxonomies and by segment.
-#}

with

state_counts as (

    select * from {{ ref('int_state_counts') }}

),

taxonomy_states as (

    select * from {{ ref('int_taxonomy_states') }}

),

rfm_segments as (

    select * from {{ ref('rfm_segment_monthly') }}

),

segments as (

    select * from {{ ref('segments') }}

),

days as (

    select * from {{ ref('int_observation_days') }}

),

by_state as (

    select
        state_counts.observed_on,
        taxonomy_states.taxonomy,
        taxonomy_states.taxonomy_stage,
        sum(state_counts.customer_count) as customer_count
    from state_counts
    inner join taxonomy_states
        on state_counts.lifecycle_stage = taxonomy_states.lifecycle_stage
        and state_counts.lifecycle_sub_state = taxonomy_states.lifecycle_sub_state
    group by state_counts.observed_on, taxonomy_states.taxonomy, taxonomy_states.taxonomy_stage

),

-- a prospect is a visitor, reachable or not; everybody else is a buyer
segment_counts as (

    select
        observed_on,
        {{ clm.visitor_segment('lifecycle_stage', 'lifecycle_sub_state', 'null') }} as segment,
        customer_count
    from state_counts
    where lifecycle_stage = 'prospect'

    union all

    select
        observed_on,
        segment,
        count(*) as customer_count
    from rfm_segments
    where segment is not null
    group by observed_on, segment

),

by_segment as (

    select
        days.observed_on,
        segments.segment,
        segments.value_stage,
        coalesce(segment_counts.customer_count, 0) as customer_count
    from days
    cross join segments
    left join segment_counts
        on days.observed_on = segment_counts.observed_on
        and segments.segment = segment_counts.segment

),

counted as (

    select
        observed_on,
        taxonomy,
        taxonomy_stage,
        customer_count
    from by_state

    union all

    select
        observed_on,
        'segment' as taxonomy,
        segment as taxonomy_stage,
        customer_count
    from by_segment

    union all

    select
        observed_on,
        'value' as taxonomy,
        value_stage as taxonomy_stage,
        sum(customer_count) as customer_count
    from by_segment
    group by observed_on, value_stage

),

final as (

    select
        counted.observed_on,
        days.is_month_end,
        counted.taxonomy,
        counted.taxonomy_stage,
        cast(counted.customer_count as integer) as customer_count,
        {{ clm.ratio(
            'counted.customer_count',
            'sum(counted.customer_count) over (partition by counted.observed_on, counted.taxonomy)'
        ) }} as customer_rate
    from counted
    inner join days on counted.observed_on = days.observed_on

)

select * from final
