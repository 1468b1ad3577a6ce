{#-
    Grain: one row per origin, horizon, age in months of 30 days, number of purchases (4: four or more) and weeks since
    the last one, for all combinations that people have. Why it exists: the predictions without a model: the
    cohort curve for purchases and value, the return curve for the probability of none.
-#}

with

origins as (

    select * from {{ ref('int_value_origins') }}

),

histories as (

    select * from {{ ref('int_value_histories') }}

),

cohort_curves as (

    select * from {{ ref('int_value_cohort_curves') }}

),

return_curves as (

    select * from {{ ref('int_return_curves') }}

),

combinations as (

    select distinct
        histories.origin_on,
        origins.horizon_days,
        cast(floor(histories.tenure_days / 30.0) as integer) as age_month,
        least(histories.purchase_day_count, 4) as purchase_number,
        cast(floor((histories.tenure_days - histories.recency_days) / 7.0) as integer) as weeks_away
    from histories
    inner join origins on histories.origin_on = origins.origin_on

),

ages as (

    select distinct
        origin_on,
        horizon_days,
        age_month
    from combinations

),

latest as (

    select
        origin_on,
        max(age_month) as age_month
    from cohort_curves
    group by origin_on

),

-- at the end of what cohorts have lived through, and beyond, the last half year of the curve stands for what comes
ahead as (

    select
        ages.origin_on,
        ages.horizon_days,
        ages.age_month,
        sum(cohort_curves.customer_count) as customer_count,
        sum(cohort_curves.purchase_count) as purchase_count,
        sum(cohort_curves.amount) as amount
    from ages
    inner join latest on ages.origin_on = latest.origin_on
    inner join cohort_curves
        on ages.origin_on = cohort_curves.origin_on
        and cohort_curves.age_month < ages.age_month + ceil(ages.horizon_days / 30.0)
        and cohort_curves.age_month >= least(ages.age_month, latest.age_month - 5)
    group by ages.origin_on, ages.horizon_days, ages.age_month

),

final as (

    select
        combinations.origin_on,
        combinations.horizon_days,
        combinations.age_month,
        combinations.purchase_number,
        combinations.weeks_away,
        {{ clm.rounded('cast(ahead.purchase_count as ' ~ clm.type_double()
            ~ ') / nullif(ahead.customer_count, 0) * combinations.horizon_days / 30') }} as cohort_purchase_count,
        {{ clm.rounded('cast(ahead.amount as ' ~ clm.type_double()
            ~ ') / nullif(ahead.customer_count, 0) * combinations.horizon_days / 30') }} as cohort_amount,
        {{ clm.rounded('case when now.away_rate = 0 then 1 else cast(later.away_rate as ' ~ clm.type_double()
            ~ ') / now.away_rate end') }} as curve_p_no_purchase
    from combinations
    left join ahead
        on combinations.origin_on = ahead.origin_on
        and combinations.horizon_days = ahead.horizon_days
        and combinations.age_month = ahead.age_month
    left join return_curves as now
        on combinations.origin_on = now.origin_on
        and combinations.purchase_number = now.purchase_number
        and combinations.weeks_away >= now.week_number
        and (now.next_week_number is null or combinations.weeks_away < now.next_week_number)
    left join return_curves as later
        on combinations.origin_on = later.origin_on
        and combinations.purchase_number = later.purchase_number
        and combinations.weeks_away + floor(combinations.horizon_days / 7.0 + 0.5) >= later.week_number
        and (
            later.next_week_number is null
            or combinations.weeks_away + floor(combinations.horizon_days / 7.0 + 0.5) < later.next_week_number
        )

)

select * from final
