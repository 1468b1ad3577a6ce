{#-
    Grain: one row per experiment (imported, or a campaign of ours), part of it, metric, arm that is not the control and
    measure. Why it exists: difference, interval, and whether it can be trusted, by the same rules for all.
-#}

with

conversions as (

    select * from {{ ref('int_experiment_conversions') }}

),

revenues as (

    select * from {{ ref('int_experiment_revenues') }}

),

splits as (

    select * from {{ ref('int_experiment_splits') }}

),

measures as (

    select * from conversions

    union all

    select * from revenues

),

-- Holm: the smallest p of an experiment (of a breakdown of it) counts as often as it was looked at, the next once less
ordered as (

    select
        measures.*,
        count(*) over (partition by test_source, experiment_id, breakdown) - row_number() over (
            partition by test_source, experiment_id, breakdown
            order by p_value asc, metric asc, arm asc, measure asc, breakdown_value asc
        ) + 1 as times_looked
    from measures

),

adjusted as (

    select
        ordered.*,
        least(1, max(times_looked * p_value) over (
            partition by test_source, experiment_id, breakdown
            order by times_looked desc
            rows between unbounded preceding and current row
        )) as adjusted_p_value
    from ordered

),

-- Fieller: the share by which the control would have to be multiplied; none where the control may be 0
relative as (

    select
        adjusted.*,
        treated_value / nullif(control_value, 0) as quotient,
        quantile * quantile * control_error / nullif(control_value * control_value, 0) as doubt
    from adjusted

),

bounded as (

    select
        relative.*,
        case
            when control_value > 0 and doubt < 1
                then quantile / control_value * sqrt(
                    treated_error * (1 - doubt) + quotient * quotient * control_error
                )
        end as half_width
    from relative

),

judged as (

    select
        bounded.*,
        splits.split_p_value,
        case
            when splits.split_p_value < 0.001 then 'alarm'
            when splits.split_p_value < 0.01 then 'warning'
            else 'ok'
        end as split_check
    from bounded
    left join splits
        on {{ clm.same_experiment('bounded', 'splits') }}

),

final as (

    select
        {{ clm.experiment_key() | join(',\n        ') }},
        arm,
        measure,
        control_arm,
        cast(t_n as integer) as treated_count,
        cast(c_n as integer) as control_count,
        cast(t_k as integer) as treated_conversion_count,
        cast(c_k as integer) as control_conversion_count,
        {{ clm.rounded('treated_value') }} as treated_value,
        {{ clm.rounded('control_value') }} as control_value,
        {{ clm.rounded('difference') }} as difference,
        {{ clm.rounded('lower_bound') }} as lower_bound,
        {{ clm.rounded('upper_bound') }} as upper_bound,
        {{ clm.rounded('quotient - 1') }} as relative_difference,
        {{ clm.rounded('(quotient - half_width) / (1 - doubt) - 1') }} as relative_lower_bound,
        {{ clm.rounded('(quotient + half_width) / (1 - doubt) - 1') }} as relative_upper_bound,
        {{ clm.rounded('p_value') }} as p_value,
        {{ clm.rounded('adjusted_p_value') }} as adjusted_p_value,
        {{ clm.rounded('detectable_difference') }} as detectable_difference,
        split_p_value,
        split_check,
        case
            when split_check = 'alarm' then 'not_to_be_trusted'
            when c_k < {{ var('clm_experiment_least_conversions') }} then 'too_few_to_judge'
            when adjusted_p_value >= 0.05 then 'no_difference_shown'
            when difference > 0 then 'better'
            else 'worse'
        end as verdict
    from judged

)

select * from final
