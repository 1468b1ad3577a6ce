{#-
    Grain: one row per person and day on which the stage or sub-state changed, and one on which the
    person was first known. Why it exists: how people move, and how long they stayed where they were.
-#}

with

history as (

    select * from {{ ref('lifecycle_history') }}

),

final as (

    select
        customer_id,
        valid_from as changed_on,
        previous_stage,
        previous_sub_state,
        lifecycle_stage,
        lifecycle_sub_state,
        coalesce(previous_stage <> lifecycle_stage, true) as is_stage_change,
        {{ clm.days_between(
            'lag(valid_from) over (partition by customer_id order by valid_from asc)', 'valid_from'
        ) }} as previous_state_days,
        cause
    from history

)

select * from final
