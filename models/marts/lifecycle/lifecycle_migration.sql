{#-
    Grain: one row per taxonomy, stage on the earlier day and stage on the later day. Why it exists: who
    moved where between two days (clm_migration_from, clm_migration_to); the rows of a stage add up to its
    earlier population, and newcomers stand apart (not_known).
-#}

with

migration_days as (

    select * from {{ ref('int_migration_days') }}

),

moves as (

    select * from {{ ref('int_lifecycle_moves') }}

),

taxonomy_states as (

    select * from {{ ref('int_taxonomy_states') }}

),

segments as (

    select * from {{ ref('segments') }}

),

-- on days that nobody observed the segments of buyers are missing, and so are these matrices
observed as (

    select
        max(case when stage_from <> 'prospect' and segment_from is null then 1 else 0 end)
        + max(case when stage_to <> 'prospect' and segment_to is null then 1 else 0 end) as missing_count
    from moves

),

read_off as (

    select
        states_to.taxonomy,
        states_from.taxonomy_stage as stage_from,
        states_to.taxonomy_stage as stage_to,
        moves.customer_count
    from moves
    inner join taxonomy_states as states_to
        on moves.stage_to = states_to.lifecycle_stage
        and moves.sub_state_to = states_to.lifecycle_sub_state
    left join taxonomy_states as states_from
        on states_to.taxonomy = states_from.taxonomy
        and moves.stage_from = states_from.lifecycle_stage
        and moves.sub_state_from = states_from.lifecycle_sub_state

    union all

    select
        'segment' as taxonomy,
        moves.segment_from as stage_from,
        moves.segment_to as stage_to,
        moves.customer_count
    from moves
    inner join observed on observed.missing_count = 0

    union all

    select
        'value' as taxonomy,
        segments_from.value_stage as stage_from,
        segments_to.value_stage as stage_to,
        moves.customer_count
    from moves
    inner join observed on observed.missing_count = 0
    inner join segments as segments_to on moves.segment_to = segments_to.segment
    left join segments as segments_from on moves.segment_from = segments_from.segment

),

counted as (

    select
        taxonomy,
        stage_from,
        stage_to,
        sum(customer_count) as customer_count
    from read_off
    group by taxonomy, stage_from, stage_to

),

final as (

    select
        migration_days.from_on,
        migration_days.to_on,
        counted.taxonomy,
        coalesce(counted.stage_from, 'not_known') as stage_from,
        counted.stage_to,
        cast(counted.customer_count as integer) as customer_count,
        cast(case
            when counted.stage_from is not null
                then {{ clm.ratio(
                    'counted.customer_count',
                    'sum(counted.customer_count) over (partition by counted.taxonomy, counted.stage_from)'
                ) }}
        end as numeric(28, 6)) as customer_rate
    from counted
    cross join migration_days

)

select * from final
