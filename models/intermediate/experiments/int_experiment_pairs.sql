{#-
    Grain: one row per experiment, part of it, metric and arm that is not the control. Why it exists: means, variances and covariances
    of the arm (t_) and of the control (c_) side by side, in doubles; NULL where an arm has a single unit.
-#}

with

arms as (

    select * from {{ ref('int_tested_arms') }}

),

averaged as (

    select
        {{ clm.experiment_key() | join(',\n        ') }},
        arm,
        is_control,
        has_conversion,
        has_revenue,
        has_revenue_before,
        cast(unit_count as {{ clm.type_double() }}) as n,
        cast(conversion_count as {{ clm.type_double() }}) as k,
        cast(revenue_sum as {{ clm.type_double() }}) / unit_count as mean,
        cast(before_sum as {{ clm.type_double() }}) / unit_count as before_mean,
        cast(revenue_square_sum as {{ clm.type_double() }}) as squares,
        cast(before_square_sum as {{ clm.type_double() }}) as before_squares,
        cast(product_sum as {{ clm.type_double() }}) as products
    from arms

),

measured as (

    select
        averaged.*,
        k / n as rate,
        greatest(squares - n * mean * mean, 0) / nullif(n - 1, 0) as variance,
        greatest(before_squares - n * before_mean * before_mean, 0) / nullif(n - 1, 0) as before_variance,
        (products - n * mean * before_mean) / nullif(n - 1, 0) as covariance
    from averaged

),

final as (

    select
        {{ clm.experiment_key('arms') | join(',\n        ') }},
        arms.arm,
        controls.arm as control_arm,
        arms.has_conversion or controls.has_conversion as has_conversion,
        arms.has_revenue or controls.has_revenue as has_revenue,
        arms.has_revenue_before or controls.has_revenue_before as has_revenue_before,
        {%- for name in ['n', 'k', 'rate', 'mean', 'variance', 'before_mean', 'before_variance', 'covariance'] %}
        arms.{{ name }} as t_{{ name }},
        controls.{{ name }} as c_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from measured as arms
    inner join measured as controls
        on {{ clm.same_experiment('arms', 'controls') }}
    where not arms.is_control and controls.is_control

)

select * from final
