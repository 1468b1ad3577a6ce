{#-
    Grain: one row per taxonomy (canonical, sub_state) and stage that somebody was ever in. Why it exists: how
    long people stay. Periods that still last are counted apart: their length is not known yet, and a
    median over the ended ones alone is too short where many still last.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

transitions as (

    select * from {{ ref('lifecycle_transitions') }}

),

-- a stage lasts over its sub-states
stage_periods as (

    select
        'canonical' as taxonomy,
        lifecycle_stage as taxonomy_stage,
        changed_on as valid_from,
        lead(changed_on) over (partition by customer_id order by changed_on asc) as valid_to
    from transitions
    where is_stage_change

),

sub_state_periods as (

    select
        'sub_state' as taxonomy,
        lifecycle_stage || ':' || lifecycle_sub_state as taxonomy_stage,
        changed_on as valid_from,
        lead(changed_on) over (partition by customer_id order by changed_on asc) as valid_to
    from transitions

),

periods as (

    select
        taxonomy,
        taxonomy_stage,
        valid_from,
        valid_to
    from stage_periods

    union all

    select
        taxonomy,
        taxonomy_stage,
        valid_from,
        valid_to
    from sub_state_periods

),

measured as (

    select
        periods.taxonomy,
        periods.taxonomy_stage,
        {{ clm.days_between('periods.valid_from', 'periods.valid_to') }} as ended_days,
        case
            when periods.valid_to is null
                then {{ clm.days_between('periods.valid_from', 'as_of.as_of_date') }}
        end as open_days
    from periods
    cross join as_of

),

final as (

    select
        taxonomy,
        taxonomy_stage,
        cast(count(ended_days) as integer) as ended_count,
        {{ clm.ratio('sum(ended_days)', 'count(ended_days)') }} as average_ended_days,
        {{ clm.median('ended_days') }} as median_ended_days,
        cast(count(open_days) as integer) as open_count,
        {{ clm.median('open_days') }} as median_open_days
    from measured
    group by taxonomy, taxonomy_stage

)

select * from final
