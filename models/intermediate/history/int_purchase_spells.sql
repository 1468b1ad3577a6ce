{#-
    Grain: one row per person and day on which a purchase began or ceased to count, and one for the time
    before the first. Why it exists: between two such days everything that a stage
    depends on follows from the count, the first and the last purchase, by the calendar alone.
    Of people without a refund in full each purchase begins a spell.
-#}

with

customers as (

    select * from {{ ref('int_customers') }}

),

units as (

    select * from {{ ref('int_purchase_units') }}

),

refunded_spells as (

    select * from {{ ref('int_purchase_spells_refunded') }}

),

refunded_people as (

    select distinct customer_number
    from units
    where ended_on is not null

),

plain_units as (

    select
        units.customer_number,
        units.ordered_on as from_on,
        units.unit_count
    from units
    left join refunded_people on units.customer_number = refunded_people.customer_number
    where refunded_people.customer_number is null

),

plain_spells as (

    select
        customer_number,
        from_on,
        lead(from_on) over (partition by customer_number order by from_on asc) as to_on,
        sum(unit_count) over (
            partition by customer_number
            order by from_on asc
            rows between unbounded preceding and current row
        ) as purchase_count,
        min(from_on) over (partition by customer_number) as first_purchase_on
    from plain_units

),

final as (

    select
        customers.customer_number,
        customers.first_fact_on as from_on,
        plain_spells.from_on as to_on,
        0 as purchase_count,
        cast(null as date) as first_purchase_on,
        cast(null as date) as last_purchase_on
    from customers
    left join plain_spells
        on customers.customer_number = plain_spells.customer_number
        and plain_spells.from_on = plain_spells.first_purchase_on
    left join refunded_people on customers.customer_number = refunded_people.customer_number
    where
        refunded_people.customer_number is null
        and (plain_spells.from_on is null or customers.first_fact_on < plain_spells.from_on)

    union all

    select
        customer_number,
        from_on,
        to_on,
        cast(purchase_count as integer) as purchase_count,
        first_purchase_on,
        from_on as last_purchase_on
    from plain_spells

    union all

    select
        customer_number,
        from_on,
        to_on,
        purchase_count,
        first_purchase_on,
        last_purchase_on
    from refunded_spells

)

select * from final
