{#-
    Grain: one row per origin and person to recommend something to. Why it exists: on the as-of date everybody who did
    not refuse profiling; on earlier days those who had bought before and bought again in the horizon after it, by whom it
    is judged.
-#}

with

origins as (

    select * from {{ ref('int_recommendation_origins') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

days as (

    select * from {{ ref('int_customer_product_days') }}

),

refusals as (

    select distinct customer_id
    from consents
    where purpose = 'profiling' and status <> 'granted'

),

allowed as (

    select customers.customer_number
    from customers
    left join refusals on customers.customer_id = refusals.customer_id
    where refusals.customer_id is null and not customers.is_erased

),

judged as (

    select
        origins.origin_number,
        origins.origin_on,
        days.customer_number
    from days
    inner join origins
        on {{ clm.days_between('origins.origin_on', 'days.ordered_on') }}
            <= {{ var('clm_recommendation_horizon_days') }}
    where origins.origin_number > 0
    group by origins.origin_number, origins.origin_on, days.customer_number
    having min(days.ordered_on) <= origins.origin_on and max(days.ordered_on) > origins.origin_on

),

final as (

    select
        origins.origin_number,
        origins.origin_on,
        allowed.customer_number
    from allowed
    cross join origins
    where origins.origin_number = 0

    union all

    select
        judged.origin_number,
        judged.origin_on,
        judged.customer_number
    from judged
    inner join allowed on judged.customer_number = allowed.customer_number

)

select * from final
