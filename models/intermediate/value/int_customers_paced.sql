{#-
    Grain: one row per person with a purchase that counts. Why it exists: how long somebody has been silent against the
    gap that is usual for her, and how active she is against what she was: what the churn warning is decided by.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

predicted as (

    select * from {{ ref('int_customers_predicted') }}

),

stages as (

    select * from {{ ref('int_customers_staged') }}

),

activity as (

    select * from {{ ref('int_customers_activity') }}

),

windows as (

    select * from {{ ref('int_customers_rfm_windows') }}

),

-- of all who bought again, each gap counts once
all_gaps as (

    select
        sum(recency_days) as gap_days,
        sum(repeat_count) as gap_count
    from predicted
    where repeat_count > 0

),

-- own gaps and three of everybody's; nobody bought again: there is no rhythm to miss
paced as (

    select
        predicted.customer_id,
        predicted.is_profiling_denied,
        predicted.repeat_count as own_gap_count,
        predicted.p_no_purchase,
        predicted.tenure_days - predicted.recency_days as silence_days,
        cast(
            (
                predicted.recency_days + 3 * cast(all_gaps.gap_days as {{ clm.type_double() }}) / all_gaps.gap_count
            ) / (predicted.repeat_count + 3) as numeric(18, 6)
        ) as expected_gap_days
    from predicted
    cross join all_gaps

),

final as (

    select
        paced.customer_id,
        as_of.as_of_date,
        stages.lifecycle_stage,
        paced.is_profiling_denied,
        paced.own_gap_count,
        paced.p_no_purchase,
        paced.silence_days,
        paced.expected_gap_days,
        {{ clm.ratio('paced.silence_days', 'paced.expected_gap_days') }} as silence_ratio,
        windows.last_purchase_on,
        activity.last_engagement_on,
        coalesce(activity.recent_active_days, 0) as recent_active_days,
        coalesce(activity.earlier_active_days, 0) as earlier_active_days,
        {{ clm.is_engagement_falling(
            'coalesce(activity.recent_active_days, 0)', 'coalesce(activity.earlier_active_days, 0)'
        ) }} as is_engagement_falling
    from paced
    cross join as_of
    inner join stages on paced.customer_id = stages.customer_id
    left join activity on paced.customer_id = activity.customer_id
    left join windows on paced.customer_id = windows.customer_id

)

select * from final
