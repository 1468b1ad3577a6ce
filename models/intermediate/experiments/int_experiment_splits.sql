{#-
    Grain: one row per experiment and metric of two to ten arms. Why it exists: whether the arms are as large as they were
    meant to be (chi-square). If not, something went wrong before any effect, and no result can be trusted. Where a share is
    not given for every arm, all are meant to be equal.
-#}

with

arms as (

    select * from {{ ref('int_experiment_arms') }}

),

totals as (

    select
        experiment_id,
        metric,
        count(*) as arm_count,
        sum(unit_count) as unit_count,
        case when count(arm_share) = count(*) then sum(arm_share) end as share_sum
    from arms
    group by experiment_id, metric

),

expected as (

    select
        arms.experiment_id,
        arms.metric,
        totals.arm_count,
        cast(arms.unit_count as {{ clm.type_double() }}) as unit_count,
        cast(totals.unit_count as {{ clm.type_double() }})
        * coalesce(arms.arm_share / totals.share_sum, 1 / cast(totals.arm_count as {{ clm.type_double() }}))
            as expected_count
    from arms
    inner join totals
        on arms.experiment_id = totals.experiment_id
        and arms.metric = totals.metric
    where totals.arm_count between 2 and 10

),

distances as (

    select
        experiment_id,
        metric,
        max(arm_count) - 1 as freedom,
        sum((unit_count - expected_count) * (unit_count - expected_count) / expected_count) as distance,
        sqrt(sum((unit_count - expected_count) * (unit_count - expected_count) / expected_count)) as root
    from expected
    group by experiment_id, metric

),

final as (

    select
        experiment_id,
        metric,
        {{ clm.rounded(clm.chi_square_tail('distance', 'root', 'freedom')) }} as split_p_value
    from distances

)

select * from final
