{#-
    Grain: one row per person and day on which the stage or sub-state changes, past or to come. Why it
    exists: the state of a day and the state before are the same rule over running sums with and
    without the steps of the day, so one pass finds every change there ever was and will be.
-#}

with

customers as (

    select * from {{ ref('int_customers_numbered') }}

),

steps as (

    select * from {{ ref('int_lifecycle_steps') }}

),

summed as (

    select
        customer_number,
        step_on,
        cause_rank,
        counts as counts_step,
        conditions as conditions_step,
        cast(sum(counts) over (
            partition by customer_number
            order by step_on asc
            rows between unbounded preceding and current row
        ) as bigint) as counts,
        cast(sum(conditions) over (
            partition by customer_number
            order by step_on asc
            rows between unbounded preceding and current row
        ) as bigint) as conditions
    from steps

),

staged as (

    select
        customer_number,
        step_on,
        cause_rank,
        {{ clm.lifecycle_state(clm.lifecycle_day('counts', 'conditions')) }} as state,
        {{ clm.lifecycle_state(clm.lifecycle_day('(counts - counts_step)', '(conditions - conditions_step)')) }}
            as state_before
    from summed

),

changes as (

    select
        customer_number,
        step_on,
        lead(step_on) over (partition by customer_number order by step_on asc) as next_step_on,
        cause_rank,
        state,
        state_before
    from staged
    where cause_rank = 1 or state <> state_before

),

final as (

    select
        customers.customer_id,
        changes.step_on as changed_on,
        changes.next_step_on as next_changed_on,
        case when changes.cause_rank > 1 then {{ clm.lifecycle_state_name('changes.state_before', 0) }} end
            as previous_stage,
        case when changes.cause_rank > 1 then {{ clm.lifecycle_state_name('changes.state_before', 1) }} end
            as previous_sub_state,
        {{ clm.lifecycle_state_name('changes.state', 0) }} as lifecycle_stage,
        {{ clm.lifecycle_state_name('changes.state', 1) }} as lifecycle_sub_state,
        {{ clm.lifecycle_cause('changes.cause_rank') }} as cause
    from changes
    inner join customers on changes.customer_number = customers.customer_number

)

select * from final
