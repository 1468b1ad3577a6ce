{#-
    Grain: one row per month from the first fact to the as-of date: its last day, and for the last month
    the as-of date. Why it exists: populations and segments over time are looked at on these days, and
    the number of a month tells at once on which of them a fact is first seen.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

months as (

    {{ dbt.generate_series(var('clm_history_months') | int) }}

),

bounds as (

    select
        as_of.as_of_date,
        {{ clm.month_number('as_of.as_of_date') }} as last_month_number,
        {{ clm.month_number('coalesce(min(customers.first_fact_on), as_of.as_of_date)') }} as first_month_number
    from as_of
    left join customers on as_of.as_of_date >= customers.first_fact_on
    group by as_of.as_of_date

),

counted as (

    select
        bounds.as_of_date,
        bounds.last_month_number,
        bounds.last_month_number + 1 - cast(months.generated_number as integer) as month_number,
        cast(months.generated_number as integer) - 1 as months_ago
    from bounds
    inner join months on bounds.last_month_number - bounds.first_month_number >= months.generated_number - 1

),

dated as (

    select
        counted.*,
        {{ clm.month_end('as_of_date', 'months_ago') }} as month_end_on
    from counted

),

final as (

    select
        month_number,
        least(month_end_on, as_of_date) as observed_on,
        month_end_on <= as_of_date as is_month_end
    from dated

)

select * from final
