{#-
    Grain: one row per state on the earlier and on the later day of the migration (stage, sub-state, segment),
    with how many people moved so. Why it exists: people are counted once, and every taxonomy is read off.
    Segments of buyers are known on observation days only, else NULL.
-#}

with

migration_days as (

    select * from {{ ref('int_migration_days') }}

),

history as (

    select * from {{ ref('lifecycle_history') }}

),

rfm_segments as (

    select * from {{ ref('rfm_segment_monthly') }}

),
{% for end in ['from', 'to'] %}
states_{{ end }} as (

    select
        history.customer_id,
        history.lifecycle_stage,
        history.lifecycle_sub_state,
        {{ clm.visitor_segment('history.lifecycle_stage', 'history.lifecycle_sub_state', 'rfm_segments.segment') }}
            as segment
    from history
    inner join migration_days
        on history.valid_from <= migration_days.{{ end }}_on
        and (history.valid_to is null or history.valid_to > migration_days.{{ end }}_on)
    left join rfm_segments
        on history.customer_id = rfm_segments.customer_id
        and migration_days.{{ end }}_on = rfm_segments.observed_on

),
{% endfor %}
-- nobody who was known ceases to be, but some were not known yet
final as (

    select
        states_from.lifecycle_stage as stage_from,
        states_from.lifecycle_sub_state as sub_state_from,
        states_from.segment as segment_from,
        states_to.lifecycle_stage as stage_to,
        states_to.lifecycle_sub_state as sub_state_to,
        states_to.segment as segment_to,
        cast(count(*) as integer) as customer_count
    from states_to
    left join states_from on states_to.customer_id = states_from.customer_id
    group by
        states_from.lifecycle_stage,
        states_from.lifecycle_sub_state,
        states_from.segment,
        states_to.lifecycle_stage,
        states_to.lifecycle_sub_state,
        states_to.segment

)

select * from final
