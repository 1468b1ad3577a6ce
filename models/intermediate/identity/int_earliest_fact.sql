{#-
    Grain: exactly one row. Why it exists: a record without any date is known from the data's earliest
    fact on; without any fact at all, from the as-of date on.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

source_customers as (

    select * from {{ ref('int_source_customers') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

event_days as (

    select * from {{ ref('int_event_days') }}

),

firsts as (

    select min(first_fact_on) as first_on
    from source_customers
    union all
    select min(ordered_on) as first_on
    from orders
    where source_customer_id is null and (email_key is not null or phone_key is not null)
    union all
    select min(occurred_on) as first_on
    from event_days

),

final as (

    select coalesce(min(firsts.first_on), min(as_of.as_of_date)) as earliest_on
    from as_of
    left join firsts on firsts.first_on is not null

)

select * from final
