{#-
    Grain: one row per person. Why it exists: whether the person is in the global control group, as it was first drawn (of
    merged people the earliest); where the log does not reach (a past as-of date before it began), as it would be drawn.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

control_log as (

    select * from {{ ref('int_control_log') }}

),

former_ids as (

    select * from {{ ref('int_former_ids') }}

),

drawn as (

    select
        coalesce(former_ids.customer_id, control_log.customer_id) as customer_id,
        control_log.arm,
        row_number() over (
            partition by coalesce(former_ids.customer_id, control_log.customer_id)
            order by control_log.as_of_date asc, control_log.arm asc
        ) as place
    from control_log
    cross join as_of
    left join former_ids on control_log.customer_id = former_ids.former_id
    where control_log.entry_kind = 'assigned' and control_log.as_of_date <= as_of.as_of_date

),

final as (

    select
        customers.customer_id,
        coalesce(drawn.arm = 'control', {{ clm.is_global_control('customers.customer_id') }}) as is_global_control
    from customers
    left join drawn
        on customers.customer_id = drawn.customer_id
        and drawn.place = 1

)

select * from final
