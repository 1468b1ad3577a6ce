{#-
    Grain: one row per experiment, metric, arm that is not the control and measure. Why it exists: what a test that others
    ran has shown, by the same rules as for every campaign: difference, interval, and whether it can be trusted.
-#}

with

results as (

    select * from {{ ref('int_experiment_results') }}

),

final as (

    select
        experiment_id,
        metric,
        arm,
        measure,
        control_arm,
        treated_count,
        control_count,
        treated_conversion_count,
        control_conversion_count,
        treated_value,
        control_value,
        difference,
        lower_bound,
        upper_bound,
        relative_difference,
        relative_lower_bound,
        relative_upper_bound,
        p_value,
        adjusted_p_value,
        detectable_difference,
        split_p_value,
        split_check,
        verdict
    from results
    where test_source = 'imported'

)

select * from final
