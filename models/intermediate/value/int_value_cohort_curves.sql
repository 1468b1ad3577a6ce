{#-
    Grain: one row per origin and age in months of 30 days since the first purchase. Why it exists: what people of an
    age bought and brought on average, whatever else is known of them: the prediction that a model has to beat.
-#}

with

origins as (

    select distinct origin_on from {{ ref('int_value_origins') }}

),

purchase_days as (

    select * from {{ ref('int_value_purchase_days') }}

),

histories as (

    select * from {{ ref('int_value_histories') }}

),

repeats as (

    select
        origins.origin_on,
        cast(
            floor({{ clm.days_between('purchase_days.first_on', 'purchase_days.ordered_on') }} / 30.0) as integer
        ) as age_month,
        {{ clm.days_between('purchase_days.first_on', 'origins.origin_on') }} as tenure_days,
        purchase_days.unit_count,
        purchase_days.amount
    from purchase_days
    cross join origins
    where purchase_days.purchase_number > 1 and purchase_days.ordered_on <= origins.origin_on

),

-- a month counts for those alone who lived through all of it
bought as (

    select
        origin_on,
        age_month,
        sum(unit_count) as purchase_count,
        sum(amount) as amount
    from repeats
    where tenure_days >= (age_month + 1) * 30
    group by origin_on, age_month

),

ages as (

    select
        origin_on,
        cast(floor(tenure_days / 30.0) as integer) as complete_months,
        count(*) as customer_count
    from histories
    group by origin_on, cast(floor(tenure_days / 30.0) as integer)

),

-- half a century
months as (
    {{ dbt.generate_series(600) }}
),

-- whoever completed month m lived through all months before
lived as (

    select
        ages.origin_on,
        cast(months.generated_number as integer) - 1 as age_month,
        sum(ages.customer_count) as customer_count
    from ages
    inner join months on ages.complete_months >= months.generated_number
    group by ages.origin_on, months.generated_number

),

final as (

    select
        lived.origin_on,
        lived.age_month,
        cast(lived.customer_count as integer) as customer_count,
        cast(coalesce(bought.purchase_count, 0) as integer) as purchase_count,
        cast(coalesce(bought.amount, 0) as numeric(28, 2)) as amount
    from lived
    left join bought
        on lived.origin_on = bought.origin_on
        and lived.age_month = bought.age_month

)

select * from final
