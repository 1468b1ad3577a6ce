{#-
    Grain: one row per month of the first purchase and month since then, up to the as-of date. Why it
    exists: of those who first bought in a month, how many buy in each month after, and what they bring.
-#}

with

days as (

    select * from {{ ref('int_observation_days') }}

),

months as (

    select * from {{ ref('int_customer_months') }}

),

cohorts as (

    select
        cohort_month_number,
        count(*) as cohort_size
    from months
    where month_number = cohort_month_number
    group by cohort_month_number

),

-- an amount before the first purchase that counts is the one of a purchase that was refunded: it adds up to nothing
activity as (

    select
        cohort_month_number,
        greatest(month_number, cohort_month_number) as month_number,
        sum(case when purchase_count > 0 then 1 else 0 end) as active_count,
        sum(net_revenue_amount) as net_revenue_amount
    from months
    where cohort_month_number is not null
    group by cohort_month_number, greatest(month_number, cohort_month_number)

),

grid as (

    select
        cohorts.cohort_month_number,
        cohorts.cohort_size,
        days.month_number,
        days.observed_on,
        days.is_month_end
    from cohorts
    inner join days on cohorts.cohort_month_number <= days.month_number

),

final as (

    select
        {{ clm.month_text('cohort_days.observed_on') }} as cohort_month,
        cast(grid.month_number - grid.cohort_month_number as integer) as months_since,
        grid.observed_on as month_until,
        grid.is_month_end as is_complete,
        cast(grid.cohort_size as integer) as cohort_size,
        cast(coalesce(activity.active_count, 0) as integer) as active_count,
        {{ clm.ratio('coalesce(activity.active_count, 0)', 'grid.cohort_size') }} as retention_rate,
        cast(coalesce(activity.net_revenue_amount, 0) as numeric(28, 2)) as net_revenue_amount,
        cast(sum(coalesce(activity.net_revenue_amount, 0)) over (
            partition by grid.cohort_month_number
            order by grid.month_number asc
            rows between unbounded preceding and current row
        ) as numeric(28, 2)) as cumulative_net_revenue_amount
    from grid
    inner join days as cohort_days on grid.cohort_month_number = cohort_days.month_number
    left join activity
        on grid.cohort_month_number = activity.cohort_month_number
        and grid.month_number = activity.month_number

)

select * from final
