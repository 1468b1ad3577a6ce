{#-
    Grain: one row per person and day on which the stage or sub-state changes, past or to come. Why it
    exists: the names of what int_lifecycle_changes keeps as numbers, where there are fewer of them to write.
-#}

with

changes as (

    select * from {{ ref('int_lifecycle_changes') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

final as (

    select
        customers.customer_id,
        changes.changed_on,
        changes.next_changed_on,
        {{ clm.lifecycle_state_name('changes.previous_state', 0) }} as previous_stage,
        {{ clm.lifecycle_state_name('changes.previous_state', 1) }} as previous_sub_state,
        {{ clm.lifecycle_state_name('changes.state', 0) }} as lifecycle_stage,
        {{ clm.lifecycle_state_name('changes.state', 1) }} as lifecycle_sub_state,
        {{ clm.lifecycle_cause('changes.cause_rank') }} as cause
    from changes
    inner join customers on changes.customer_number = customers.customer_number

)

select * from final
