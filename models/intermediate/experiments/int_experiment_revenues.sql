{#-
    Grain: one row per experiment, part of it, metric, arm that is not the control and way of comparing revenue per unit: as it is, and
    adjusted by the revenue before (CUPED). Why it exists: the difference with Welch's t interval. Where one arm is less than
    half of the other, the pooled error is used if it is greater: a small control that missed the few great buyers would
    invent a lift.
-#}

with

pairs as (

    select * from {{ ref('int_experiment_pairs') }}

),

-- how much of the revenue the revenue before explains, within both arms
explained as (

    select
        pairs.*,
        ((t_n - 1) * t_covariance + (c_n - 1) * c_covariance)
        / nullif((t_n - 1) * t_before_variance + (c_n - 1) * c_before_variance, 0) as theta
    from pairs

),

compared as (

    select
        explained.*,
        'revenue' as measure,
        t_mean as t_value,
        t_variance as t_spread,
        c_variance as c_spread
    from explained
    where has_revenue

    union all

    select
        explained.*,
        'revenue_adjusted' as measure,
        t_mean - theta * (t_before_mean - c_before_mean) as t_value,
        t_variance - 2 * theta * t_covariance + theta * theta * t_before_variance as t_spread,
        c_variance - 2 * theta * c_covariance + theta * theta * c_before_variance as c_spread
    from explained
    where has_revenue and has_revenue_before and theta is not null

),

errors as (

    select
        compared.*,
        t_spread / t_n as t_error,
        c_spread / c_n as c_error,
        ((t_n - 1) * t_spread + (c_n - 1) * c_spread) / (t_n + c_n - 2) as pooled_spread
    from compared
    where t_spread >= 0 and c_spread >= 0

),

chosen as (

    select
        errors.*,
        case
            when least(t_n, c_n) * 2 < greatest(t_n, c_n)
                then greatest(sqrt(t_error + c_error), sqrt(pooled_spread * (1 / t_n + 1 / c_n)))
            else sqrt(t_error + c_error)
        end as error,
        (t_error + c_error) * (t_error + c_error)
        / nullif(t_error * t_error / (t_n - 1) + c_error * c_error / (c_n - 1), 0) as freedom
    from errors

),

tested as (

    select
        chosen.*,
        t_value - c_mean as difference,
        {{ clm.t_confidence('freedom') }} as quantile,
        {{ clm.t_distance('((t_value - c_mean) / error)', 'freedom') }} as distance
    from chosen
    where error > 0

),

likely as (

    select
        tested.*,
        {{ clm.t_as_normal('distance', 'freedom') }} as z
    from tested

),

final as (

    select
        {{ clm.experiment_key() | join(',\n        ') }},
        arm,
        control_arm,
        measure,
        t_n,
        c_n,
        t_k,
        c_k,
        t_value as treated_value,
        c_mean as control_value,
        difference,
        difference - quantile * error as lower_bound,
        difference + quantile * error as upper_bound,
        t_error as treated_error,
        c_error as control_error,
        quantile,
        2 * {{ clm.normal_tail('z') }} as p_value,
        ({{ clm.z_confidence() }} + {{ clm.z_power() }}) * error as detectable_difference
    from likely

)

select * from final
