{#-
    Grain: one row per source customer id with a record or a fact. Why it exists: who comes first when
    records turn out to be one person is decided by the date of the first fact, once.
-#}

with

customers as (

    select * from {{ ref('stg_customers') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

event_days as (

    select * from {{ ref('int_event_days') }}

),

consents as (

    select * from {{ ref('stg_consents') }}

),

feedbacks as (

    select * from {{ ref('stg_feedbacks') }}

),

facts as (

    select
        source_customer_id,
        registered_on as fact_on
    from customers
    union all
    select
        source_customer_id,
        min(ordered_on) as fact_on
    from orders
    group by source_customer_id
    union all
    select
        source_customer_id,
        min(occurred_on) as fact_on
    from event_days
    group by source_customer_id
    union all
    select
        source_customer_id,
        min(changed_on) as fact_on
    from consents
    group by source_customer_id
    union all
    select
        source_customer_id,
        min(submitted_on) as fact_on
    from feedbacks
    group by source_customer_id

),

final as (

    select
        source_customer_id,
        min(fact_on) as first_fact_on
    from facts
    where source_customer_id is not null
    group by source_customer_id

)

select * from final
