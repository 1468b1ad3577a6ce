{#-
    Grain: one row per person who ever has an e-mail or a phone. Why it exists: the first day on which
    somebody could be written to; a record's address counts from the day the record is known, an
    order's from the day of the order. Later days than the as-of date stand here too.
-#}

with

records as (

    select * from {{ ref('int_customer_records') }}

),

orders as (

    select * from {{ ref('int_orders_attributed') }}

),

erased as (

    select * from {{ ref('int_erased_people') }}

),

first_days as (

    select
        customer_id,
        record_from_on as address_on
    from records
    where email is not null or phone is not null
    union all
    select
        customer_id,
        min(ordered_on) as address_on
    from orders
    where email is not null or phone is not null
    group by customer_id

),

final as (

    select
        first_days.customer_id,
        min(first_days.address_on) as address_from_on
    from first_days
    left join erased on first_days.customer_id = erased.customer_id
    where erased.customer_id is null
    group by first_days.customer_id

)

select * from final
