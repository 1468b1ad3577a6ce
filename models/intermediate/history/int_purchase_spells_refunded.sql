{#-
    Grain: one row per person with a refund in full and day on which a purchase began or ceased to count, and
    one for the time before the first. Why it exists: what a refund undoes needs sums; people without one do not.
-#}
{{ config(materialized=clm.shared_step()) }}
{%- set in_order = '(partition by customer_number order by from_on asc' -%}
{%- set so_far = in_order ~ ' range between unbounded preceding and current row)' %}

with

customers as (

    select * from {{ ref('int_customers') }}

),

units as (

    select * from {{ ref('int_purchase_units') }}

),

refunded_people as (

    select distinct customer_number
    from units
    where ended_on is not null

),

-- a purchase that was refunded later counts as 1 and, beside it, as 1 that will pass
changes as (

    select
        customers.customer_number,
        customers.first_fact_on as from_on,
        cast(0 as bigint) as counts,
        cast(null as date) as lasting_on
    from customers
    inner join refunded_people on customers.customer_number = refunded_people.customer_number

    union all

    select
        units.customer_number,
        units.ordered_on as from_on,
        units.unit_count
        * cast(case when units.ended_on is null then 1 else {{ 1 + 2 ** 31 }} end as bigint) as counts,
        case when units.ended_on is null then units.ordered_on end as lasting_on
    from units
    inner join refunded_people on units.customer_number = refunded_people.customer_number

    union all

    select
        customer_number,
        ended_on as from_on,
        unit_count * cast({{ -1 - 2 ** 31 }} as bigint) as counts,
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
        cast(sum(counts) over {{ so_far }} as bigint) as counts,
        min(lasting_on) over (partition by customer_number) as first_lasting_on,
        max(lasting_on) over {{ so_far }} as last_lasting_on
    from changes

),

running as (

    select
        customer_number,
        from_on,
        to_on,
        {{ clm.bits('counts', 0, 31) }} as purchase_count,
        counts >= {{ 2 ** 31 }} as is_passing,
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
        running.to_on,
        running.purchase_count,
        min(running.first_lasting_on) as first_lasting_on,
        min(running.last_lasting_on) as last_lasting_on,
        min(units.ordered_on) as first_passing_on,
        max(units.ordered_on) as last_passing_on
    from units
    inner join running
        on units.customer_number = running.customer_number
        and units.ordered_on <= running.from_on
        and units.ended_on > running.from_on
    where units.ended_on is not null and running.is_passing
    group by running.customer_number, running.from_on, running.to_on, running.purchase_count

),

final as (

    select
        customer_number,
        from_on,
        to_on,
        cast(purchase_count as integer) as purchase_count,
        first_lasting_on as first_purchase_on,
        last_lasting_on as last_purchase_on
    from running
    where not is_passing

    union all

    select
        customer_number,
        from_on,
        to_on,
        cast(purchase_count as integer) as purchase_count,
        least(coalesce(first_lasting_on, first_passing_on), first_passing_on) as first_purchase_on,
        greatest(coalesce(last_lasting_on, last_passing_on), last_passing_on) as last_purchase_on
    from passing

)

select * from final
