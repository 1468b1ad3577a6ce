{#-
    Grain: one row per observation day, segment on the one before, segment and cause. Why it exists: how
    buyers move between segments from month to month, and whether they moved or the bounds did.
-#}

with

segments as (

    select * from {{ ref('rfm_segment_monthly') }}

),

days as (

    select * from {{ ref('int_observation_days') }}

),

counted as (

    select
        observed_on,
        previous_segment,
        segment,
        cause,
        count(*) as customer_count
    from segments
    -- on the first day of a limited history nobody's segment before is known
    where previous_segment is not null or cause is not null
    group by observed_on, previous_segment, segment, cause

),

final as (

    select
        counted.observed_on,
        days_before.observed_on as previous_observed_on,
        coalesce(counted.previous_segment, 'no_purchase') as previous_segment,
        coalesce(counted.segment, 'no_purchase') as segment,
        coalesce(counted.cause, 'unchanged') as cause,
        cast(counted.customer_count as integer) as customer_count,
        {{ clm.ratio(
            'counted.customer_count',
            'sum(case when counted.previous_segment is not null then counted.customer_count end) over ('
            ~ 'partition by counted.observed_on, counted.previous_segment)'
        ) }} as customer_rate
    from counted
    inner join days on counted.observed_on = days.observed_on
    left join days as days_before on days.month_number = days_before.month_number + 1

)

select * from final
