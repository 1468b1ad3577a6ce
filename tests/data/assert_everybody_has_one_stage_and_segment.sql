{#-
    Fails for every person who is missing or extra, and whose stage, segment and scores do not fit
    the purchases.
-#}

with

people as (

    select * from {{ ref('int_customers') }}

),

lifecycle as (

    select * from {{ ref('customer_lifecycle') }}

),

segments as (

    select * from {{ ref('segments') }}

)

select
    coalesce(people.customer_id, lifecycle.customer_id) as customer_id,
    lifecycle.purchase_count,
    lifecycle.lifecycle_stage,
    lifecycle.segment,
    lifecycle.rfm_code
from people
full outer join lifecycle on people.customer_id = lifecycle.customer_id
left join segments on lifecycle.segment = segments.segment
where
    people.customer_id is null
    or lifecycle.customer_id is null
    or segments.segment is null
    or (lifecycle.purchase_count = 0) <> (lifecycle.lifecycle_stage = 'prospect')
    or (lifecycle.purchase_count = 0) <> (lifecycle.segment in ('engaged_visitor', 'loyal_visitor'))
    or (lifecycle.purchase_count = 0) <> (lifecycle.rfm_code is null)
    or (lifecycle.purchase_count = 0) <> (lifecycle.recency_days is null)
    or (lifecycle.purchase_count = 1 and lifecycle.segment not in ('first_time', 'sleeping'))
    or (lifecycle.purchase_count > 1 and lifecycle.segment = 'first_time')
    or lifecycle.value_stage <> segments.value_stage
