{#-
    Grain: one row per person and day on which the stage or sub-state changes, past or to come. Why it
    exists: the state of a day and the state before are the same rule over running sums with and
    without the steps of the day, so one pass finds every change there ever was and will be.
-#}
{%- set numbers = clm.lifecycle_numbers() -%}
{#- A step adds to one of the numbers: their sum breaks ties, and equal steps need no order. -#}
{%- set tie = numbers | join(' + ') -%}
{%- set in_order = '(partition by customer_number order by step_on asc, cause_rank asc, ' ~ tie ~ ' asc)' -%}
{%- set so_far = in_order[:-1] ~ ' rows between unbounded preceding and current row)' -%}

with

steps as (

    select * from {{ ref('int_lifecycle_steps') }}

),

summed as (

    select
        customer_number,
        step_on,
        cause_rank,
        {%- for number in numbers %}
        {{ number }} as {{ number }}_step,
        cast(sum({{ number }}) over {{ so_far }} as bigint) as {{ number }},
        {%- endfor %}
        coalesce(lag(step_on) over {{ in_order }} <> step_on, true) as is_first,
        coalesce(lead(step_on) over {{ in_order }} <> step_on, true) as is_last
    from steps

),

-- most days have one step, and most of those only move a count that decides nothing
telling as (

    select summed.*
    from summed
    where
        (is_first or is_last)
        and (
            not (is_first and is_last)
            or cause_rank = 1
            or {{ clm.lifecycle_may_differ() }}
        )

),

-- after the last step of a day the sums are its state; before the first, which has the first cause, the state before
staged as (

    select
        customer_number,
        step_on,
        cause_rank,
        case when is_last then {{ clm.lifecycle_state(clm.lifecycle_day()) }} end as state,
        case when is_first then {{ clm.lifecycle_state(clm.lifecycle_day(before=true)) }} end as state_before
    from telling

),

days as (

    select
        customer_number,
        step_on,
        min(cause_rank) as cause_rank,
        max(state) as state,
        max(state_before) as state_before
    from staged
    group by customer_number, step_on

),

changes as (

    select
        customer_number,
        step_on,
        lead(step_on) over (partition by customer_number order by step_on asc) as next_step_on,
        cause_rank,
        state,
        state_before
    from days
    where cause_rank = 1 or state <> state_before

),

final as (

    select
        customer_number,
        step_on as changed_on,
        next_step_on as next_changed_on,
        case when cause_rank > 1 then state_before end as previous_state,
        state,
        cause_rank
    from changes

)

select * from final
