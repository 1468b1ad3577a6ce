{#-
    Grain: one row per month of the first purchase. Why it exists: what a customer of that month has brought and will
    probably bring: the cohort's lifetime value, to be held against what it cost to win her.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

people as (

    select * from {{ ref('customer_lifecycle') }}

),

earned as (

    select * from {{ ref('customer_value') }}

),

counted as (

    select
        {{ clm.month_text('people.first_purchase_on') }} as cohort_month,
        count(*) as cohort_size,
        sum(case when people.lifecycle_stage <> 'churned' then 1 else 0 end) as current_count,
        sum(earned.net_revenue_amount) as net_revenue_amount,
        count(earned.predicted_value_amount) as predicted_count,
        sum(earned.predicted_value_amount) as predicted_value_amount
    from people
    inner join earned on people.customer_id = earned.customer_id
    group by {{ clm.month_text('people.first_purchase_on') }}

),

averaged as (

    select
        counted.*,
        {{ clm.average_amount('cast(net_revenue_amount as numeric(28, 2))', 'cohort_size') }} as average_earned_amount,
        {{ clm.average_amount('cast(predicted_value_amount as numeric(28, 2))', 'predicted_count') }}
            as average_predicted_amount
    from counted

),

final as (

    select
        as_of.as_of_date,
        averaged.cohort_month,
        cast(averaged.cohort_size as integer) as cohort_size,
        cast(averaged.current_count as integer) as current_count,
        cast(averaged.net_revenue_amount as numeric(28, 2)) as net_revenue_amount,
        averaged.average_earned_amount,
        cast(averaged.predicted_count as integer) as predicted_count,
        cast(averaged.predicted_value_amount as numeric(28, 2)) as predicted_value_amount,
        averaged.average_predicted_amount,
        cast(averaged.average_earned_amount + averaged.average_predicted_amount as numeric(18, 2))
            as average_lifetime_amount
    from averaged
    cross join as_of

)

select * from final
