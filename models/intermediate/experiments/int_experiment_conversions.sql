{#-
    Grain: one row per experiment, part of it, metric and arm that is not the control. Why it exists: the difference of the shares that
    converted, with Newcombe's interval (from Wilson's of both arms), the pooled z test and the smallest difference that
    the arms could have shown (80 % power).
-#}
{%- set z = clm.z_confidence() %}

with

pairs as (

    select * from {{ ref('int_experiment_pairs') }}

),

wilson as (

    select
        pairs.*,
        {%- for arm in ['t', 'c'] %}
        {%- for sign, side in [('-', 'lower'), ('+', 'upper')] %}
        (
            {{ arm }}_rate + {{ z }} * {{ z }} / 2 / {{ arm }}_n
            {{ sign }} {{ z }} * sqrt(
                {{ arm }}_rate * (1 - {{ arm }}_rate) / {{ arm }}_n + {{ z }} * {{ z }} / 4 / {{ arm }}_n / {{ arm }}_n
            )
        ) / (1 + {{ z }} * {{ z }} / {{ arm }}_n) as {{ arm }}_{{ side }},
        {%- endfor %}
        {{ arm }}_rate * (1 - {{ arm }}_rate) / {{ arm }}_n as {{ arm }}_error,
        {%- endfor %}
        (t_k + c_k) / (t_n + c_n) as pooled_rate
    from pairs
    where has_conversion

),

tested as (

    select
        wilson.*,
        t_rate - c_rate as difference,
        -- nobody, or everybody, converted: no difference
        coalesce(
            (t_rate - c_rate) / nullif(sqrt(pooled_rate * (1 - pooled_rate) * (1 / t_n + 1 / c_n)), 0), 0
        ) as z
    from wilson

),

final as (

    select
        {{ clm.experiment_key() | join(',\n        ') }},
        arm,
        control_arm,
        'conversion' as measure,
        t_n,
        c_n,
        t_k,
        c_k,
        t_rate as treated_value,
        c_rate as control_value,
        difference,
        difference - sqrt((t_rate - t_lower) * (t_rate - t_lower) + (c_upper - c_rate) * (c_upper - c_rate))
            as lower_bound,
        difference + sqrt((t_upper - t_rate) * (t_upper - t_rate) + (c_rate - c_lower) * (c_rate - c_lower))
            as upper_bound,
        t_error as treated_error,
        c_error as control_error,
        cast({{ z }} as {{ clm.type_double() }}) as quantile,
        2 * {{ clm.normal_tail('z') }} as p_value,
        ({{ z }} + {{ clm.z_power() }}) * sqrt(c_rate * (1 - c_rate) * (1 / t_n + 1 / c_n)) as detectable_difference
    from tested

)

select * from final
