{#-
    Grain: one row per origin and age in months of 30 days since the first purchase. Why it exists: what people of an
    age bought and brought on average, whatever else is known of them: the prediction that a model has to beat.
-#}

with

origins as (

    select distinct origin_on from {{ ref('int_value_origins') }}

),

purchases as (

    select * from {{ ref('int_purchases') }}

),

histories as (

    select * from {{ ref('int_value_histories') }}

),

purchase_days as (

    select
        customer_number,
        ordered_on,
        {{ 'count(*)' if var('clm_purchase_unit') == 'order' else '1' }} as unit_count,
        sum(net_revenue_amount) as amount
    from purchases
    where is_counted
    group by customer_number, ordered_on

),

dated as (

    select
        purchase_days.*,
        min(ordered_on) over (partition by customer_number) as first_on
    from purchase_days

),

repeats as (

    select
        origins.origin_on,
        cast(floor({{ clm.days_between('dated.first_on', 'dated.ordered_on') }} / 30.0) as integer) as age_month,
        {{ clm.days_between('dated.first_on', 'origins.origin_on') }} as tenure_days,
        dated.unit_count,
        dated.amount
    from dated
    cross join origins
    where dated.ordered_on > dated.first_on and dated.ordered_on <= origins.origin_on

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

months as (
    {{ dbt.generate_series(var('clm_history_months') | int) }}
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
