{#-
    Fails when the people of owner_performance are not everybody, or its revenue is not that of the window; and for
    every owner whose stages do not add up.
-#}

with

owners as (

    select * from {{ ref('owner_performance') }}

),

found as (

    select
        coalesce(sum(customer_count), 0) as customer_count,
        coalesce(sum(net_revenue_amount), 0) as net_revenue_amount
    from owners

),

people as (

    select count(*) as customer_count
    from {{ ref('customer_lifecycle') }}

),

earned as (

    select coalesce(sum(customer_days.net_revenue_amount), 0) as net_revenue_amount
    from {{ ref('int_customer_days') }} as customer_days
    cross join {{ ref('int_as_of') }} as as_of
    where {{ clm.in_window('customer_days.activity_on', var('clm_owner_days')) }}

)

select
    'all' as owner_id,
    found.customer_count,
    found.net_revenue_amount
from found
cross join people
cross join earned
where
    found.customer_count <> people.customer_count
    or found.net_revenue_amount <> earned.net_revenue_amount

union all

select
    owner_id,
    customer_count,
    net_revenue_amount
from owners
where customer_count <> prospect_count + new_count + active_count + loyal_count + churned_count
