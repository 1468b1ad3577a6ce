{#-
    Grain: one row per experiment of ours and part of it with people in both arms. Why it exists: the counts and amounts of
    both arms side by side.
-#}

with

sums as (

    select * from {{ ref('int_campaign_sums') }}

),

final as (

    select
        treated.experiment_level,
        treated.experiment_id,
        treated.breakdown,
        treated.breakdown_value,
        {%- for alias, arm in {'treated': 'treated', 'controls': 'control'}.items() %}
        {{ alias }}.unit_count as {{ arm }}_count,
        {{ alias }}.reached_count as {{ arm }}_reached_count,
        {{ alias }}.conversion_count as {{ arm }}_conversion_count,
        cast({{ alias }}.revenue_sum as numeric(28, 2)) as {{ arm }}_revenue_amount,
        cast(case when {{ alias }}.has_margin then {{ alias }}.margin_sum end as numeric(28, 2))
            as {{ arm }}_margin_amount,
        {%- endfor %}
        cast(treated.open_count + controls.open_count as integer) as open_count,
        cast(treated.mixed_count + controls.mixed_count as integer) as mixed_count,
        cast(treated.cost_sum as numeric(28, 2)) as cost_amount
    from sums as treated
    inner join sums as controls
        on treated.experiment_id = controls.experiment_id
        and treated.breakdown = controls.breakdown
        and treated.breakdown_value = controls.breakdown_value
    where treated.arm = 'treated' and controls.arm = 'control'

)

select * from final
