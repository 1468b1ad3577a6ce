{#-
    Grain: one row per person and period with one stage and sub-state. Why it exists: where was she in
    the lifecycle on any past day, since when, and what changed it: computed from facts, exact to the day.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

states as (

    select * from {{ ref('int_lifecycle_states') }}

),

-- a change that lies ahead is no history yet
final as (

    select
        states.customer_id,
        states.lifecycle_stage,
        states.lifecycle_sub_state,
        states.changed_on as valid_from,
        case when states.next_changed_on <= as_of.as_of_date then states.next_changed_on end as valid_to,
        states.previous_stage,
        states.previous_sub_state,
        states.cause
    from states
    cross join as_of
    where states.changed_on <= as_of.as_of_date

)

select * from final
