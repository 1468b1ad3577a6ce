{#-
    Fails for every person whose periods of lifecycle_history overlap, leave a gap, repeat a state, do not
    begin with the first fact, do not end in today's stage and sub-state, or of whom not exactly one is open.
-#}

with

history as (

    select
        periods.*,
        lag(valid_to) over (partition by customer_id order by valid_from asc) as previous_valid_to,
        lag(lifecycle_stage) over (partition by customer_id order by valid_from asc) as stage_before,
        lag(lifecycle_sub_state) over (partition by customer_id order by valid_from asc) as sub_state_before,
        row_number() over (partition by customer_id order by valid_from asc) as place
    from {{ ref('lifecycle_history') }} as periods

),

customers as (

    select * from {{ ref('customer_lifecycle') }}

),

ends as (

    select
        customer_id,
        min(valid_from) as begins_on,
        sum(case when valid_to is null then 1 else 0 end) as open_count,
        max(case when valid_to is null then lifecycle_stage end) as last_stage,
        max(case when valid_to is null then lifecycle_sub_state end) as last_sub_state
    from history
    group by customer_id

)

select
    customer_id,
    'gap, overlap or repeated state' as problem
from history
where
    coalesce(valid_to <= valid_from, false)
    or (place > 1 and coalesce(previous_valid_to <> valid_from, true))
    or (place > 1 and stage_before = lifecycle_stage and sub_state_before = lifecycle_sub_state)
    or coalesce(previous_stage, '') <> coalesce(stage_before, '')
    or coalesce(previous_sub_state, '') <> coalesce(sub_state_before, '')

union all

select
    coalesce(customers.customer_id, ends.customer_id) as customer_id,
    'not from the first fact to today' as problem
from customers
full outer join ends on customers.customer_id = ends.customer_id
where
    customers.customer_id is null
    or ends.customer_id is null
    or ends.open_count <> 1
    or ends.begins_on <> customers.first_fact_on
    or ends.last_stage <> customers.lifecycle_stage
    or ends.last_sub_state <> customers.lifecycle_sub_state
