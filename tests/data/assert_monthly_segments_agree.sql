{#-
    Fails for every buyer whose segment or scores of the as-of date in rfm_segment_monthly are not those of
    customer_lifecycle, for every previous segment that is not the one of the observation before, for every
    cut point of the as-of date that rfm_cut_points does not have, and for every day of segment_migration
    whose rows do not add up to the buyers of the observation before.
-#}

with

monthly as (

    select * from {{ ref('rfm_segment_monthly') }}

),

days as (

    select * from {{ ref('int_observation_days') }}

),

as_of as (

    select * from {{ ref('int_as_of') }}

),

buyers as (

    select * from {{ ref('customer_lifecycle') }}
    where purchase_count > 0

),

today as (

    select monthly.*
    from monthly
    inner join as_of on monthly.observed_on = as_of.as_of_date
    where monthly.segment is not null

),

numbered as (

    select
        monthly.customer_id,
        monthly.segment,
        monthly.previous_segment,
        days.month_number
    from monthly
    inner join days on monthly.observed_on = days.observed_on

),

first_day as (

    select min(month_number) as first_month_number
    from days

),

bounds_today as (

    select cut_points.*
    from {{ ref('rfm_cut_points_monthly') }} as cut_points
    inner join as_of on cut_points.observed_on = as_of.as_of_date

),

buyer_counts as (

    select
        month_number,
        count(segment) as customer_count
    from numbered
    group by month_number

),

migrated as (

    select
        days.month_number,
        sum(case when migration.previous_segment <> 'no_purchase' then migration.customer_count else 0 end)
            as previous_count
    from {{ ref('segment_migration') }} as migration
    inner join days on migration.observed_on = days.observed_on
    group by days.month_number

)

select
    coalesce(today.customer_id, buyers.customer_id) as which,
    'not the segment and scores of customer_lifecycle' as problem
from today
full outer join buyers on today.customer_id = buyers.customer_id
where
    today.customer_id is null
    or buyers.customer_id is null
    or today.segment <> buyers.segment
    or today.recency_score <> buyers.recency_score
    or today.frequency_score <> buyers.frequency_score
    or today.monetary_score <> buyers.monetary_score

union all

select
    numbered.customer_id as which,
    'not the segment of the observation before' as problem
from numbered
cross join first_day
left join numbered as numbered_before
    on numbered.customer_id = numbered_before.customer_id
    and numbered.month_number = numbered_before.month_number + 1
where
    numbered.month_number > first_day.first_month_number
    and coalesce(numbered.previous_segment, '') <> coalesce(numbered_before.segment, '')

union all

select
    coalesce(bounds_today.metric, cut_points.metric) as which,
    'not the cut points of the as-of date' as problem
from bounds_today
full outer join {{ ref('rfm_cut_points') }} as cut_points
    on bounds_today.metric = cut_points.metric
    and bounds_today.score = cut_points.score
where
    bounds_today.metric is null
    or cut_points.metric is null
    or bounds_today.lowest_value <> cut_points.lowest_value
    or bounds_today.highest_value <> cut_points.highest_value
    or bounds_today.customer_count <> cut_points.customer_count

union all

select
    cast(buyer_counts.month_number as {{ clm.type_text() }}) as which,
    'not everybody of that day is in the migration to the next' as problem
from buyer_counts
inner join days on buyer_counts.month_number + 1 = days.month_number
left join migrated on days.month_number = migrated.month_number
where buyer_counts.customer_count <> coalesce(migrated.previous_count, 0)
