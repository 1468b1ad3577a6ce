{#-
    Grain: one row per person and day on which a purchase began or ceased to count, and one for the time
    before the first. Why it exists: between two such days everything that a stage
    depends on follows from the count, the first and the last purchase, by the calendar alone.
-#}

with

customers as (

    select * from {{ ref('int_customers_numbered') }}

),

units as (

    select * from {{ ref('int_purchase_units') }}

),

changes as (

    select
        customer_number,
        first_fact_on as from_on,
        0 as unit_count,
        cast(null as date) as lasting_on
    from customers

    union all

    select
        customer_number,
        ordered_on as from_on,
        unit_count,
        case when ended_on is null then ordered_on end as lasting_on
    from units

    union all

    select
        customer_number,
        ended_on as from_on,
        -unit_count as unit_count,
        cast(null as date) as lasting_on
    from units
    where ended_on is not null

),

-- first and last among the purchases that still count today; of several changes on a day the last row has all
summed as (

    select
        customer_number,
        from_on,
        lead(from_on) over (partition by customer_number order by from_on asc) as to_on,
        sum(unit_count) over (
            partition by customer_number
            order by from_on asc
            range between unbounded preceding and current row
        ) as purchase_count,
        min(lasting_on) over (partition by customer_number) as first_lasting_on,
        max(lasting_on) over (
            partition by customer_number
            order by from_on asc
            range between unbounded preceding and current row
        ) as last_lasting_on
    from changes

),

running as (

    select
        customer_number,
        from_on,
        to_on,
        purchase_count,
        case when first_lasting_on <= from_on then first_lasting_on end as first_lasting_on,
        last_lasting_on
    from summed
    where to_on is null or to_on > from_on

),

-- and among those that were refunded later, on the days when they still counted
passing as (

    select
        running.customer_number,
        running.from_on,
        min(units.ordered_on) as first_passing_on,
        max(units.ordered_on) as last_passing_on
    from units
    inner join running
        on units.customer_number = running.customer_number
        and units.ordered_on <= running.from_on
        and units.ended_on > running.from_on
    where units.ended_on is not null
    group by running.customer_number, running.from_on

),

final as (

    select
        running.customer_number,
        running.from_on,
        running.to_on,
        cast(running.purchase_count as integer) as purchase_count,
        least(
            coalesce(running.first_lasting_on, passing.first_passing_on),
            coalesce(passing.first_passing_on, running.first_lasting_on)
        ) as first_purchase_on,
        greatest(
            coalesce(running.last_lasting_on, passing.last_passing_on),
            coalesce(passing.last_passing_on, running.last_lasting_on)
        ) as last_purchase_on
    from running
    left join passing
        on running.customer_number = passing.customer_number
        and running.from_on = passing.from_on

)

select * from final
