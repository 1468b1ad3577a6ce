{#-
    Grain: one row per experiment, part of it and metric, of two to ten arms. Why it exists: whether the arms are as large as they were
    meant to be (chi-square). If not, something went wrong before any effect, and no result can be trusted. Where a share is
    not given for every arm, all are meant to be equal.
-#}

with

arms as (

    select * from {{ ref('int_tested_arms') }}

),

totals as (

    select
        {{ clm.experiment_key() | join(',\n        ') }},
        count(*) as arm_count,
        sum(unit_count) as unit_count,
        case when count(arm_share) = count(*) then sum(arm_share) end as share_sum
    from arms
    group by {{ clm.experiment_key() | join(', ') }}

),

expected as (

    select
        {{ clm.experiment_key('arms') | join(',\n        ') }},
        totals.arm_count,
        cast(arms.unit_count as {{ clm.type_double() }}) as unit_count,
        cast(totals.unit_count as {{ clm.type_double() }})
        * coalesce(arms.arm_share / totals.share_sum, 1 / cast(totals.arm_count as {{ clm.type_double() }}))
            as expected_count
    from arms
    inner join totals
        on {{ clm.same_experiment('arms', 'totals') }}
    where totals.arm_count between 2 and 10

),

distances as (

    select
        {{ clm.experiment_key() | join(',\n        ') }},
        max(arm_count) - 1 as freedom,
        sum((unit_count - expected_count) * (unit_count - expected_count) / expected_count) as distance,
        sqrt(sum((unit_count - expected_count) * (unit_count - expected_count) / expected_count)) as root
    from expected
    where expected_count > 0
    group by {{ clm.experiment_key() | join(', ') }}

),

final as (

    select
        {{ clm.experiment_key() | join(',\n        ') }},
        {{ clm.rounded(clm.chi_square_tail('distance', 'root', 'freedom')) }} as split_p_value
    from distances

)

select * from final
