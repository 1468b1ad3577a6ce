{#-
    Fails where the buyers or the revenue of cohort_retention are not those of customer_lifecycle (of cohorts
    within clm_history_months), where a rate is none, or where time_to_second_purchase counts others.
-#}

with

retention as (

    select * from {{ ref('cohort_retention') }}

),

first_month as (

    select min({{ clm.month_text('observed_on') }}) as first_month
    from {{ ref('int_observation_days') }}

),

buyers as (

    select customers.*
    from {{ ref('customer_lifecycle') }} as customers
    cross join first_month
    where
        customers.purchase_count > 0
        and {{ clm.month_text('customers.first_purchase_on') }} >= first_month.first_month

),

cohorts as (

    select
        sum(case when months_since = 0 then cohort_size else 0 end) as customer_count,
        sum(net_revenue_amount) as net_revenue_amount
    from retention

),

people as (

    select
        count(*) as customer_count,
        sum(net_revenue_amount) as net_revenue_amount
    from buyers

),

everybody as (

    select
        count(*) as customer_count,
        sum(case when purchase_count >= 2 then 1 else 0 end) as repeat_count
    from {{ ref('customer_lifecycle') }}
    where purchase_count > 0

),

second_purchases as (

    select
        case when cohort_month = 'all' then 'all' else 'months' end as part,
        sum(customer_count) as customer_count,
        sum(second_purchase_count) as repeat_count
    from {{ ref('time_to_second_purchase') }}
    group by case when cohort_month = 'all' then 'all' else 'months' end

)

select 'cohorts do not add up to all buyers' as problem
from cohorts
cross join people
where
    coalesce(cohorts.customer_count, 0) <> people.customer_count
    or coalesce(cohorts.net_revenue_amount, 0) <> coalesce(people.net_revenue_amount, 0)

union all

select 'a cohort is more active than it is large, or not at first: ' || cohort_month as problem
from retention
where active_count > cohort_size or (months_since = 0 and active_count <> cohort_size)

union all

select 'time_to_second_purchase counts others: ' || second_purchases.part as problem
from second_purchases
cross join everybody
where
    second_purchases.customer_count <> everybody.customer_count
    or second_purchases.repeat_count <> everybody.repeat_count
