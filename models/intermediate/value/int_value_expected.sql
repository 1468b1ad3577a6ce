{#-
    Grain: one row per origin, horizon, repeat purchases and days since the first purchase. Why it exists: the purchases
    expected of somebody who has not dropped out, and what one of them would be worth today if each brought one unit.
-#}

with

points as (

    select * from {{ ref('int_value_points') }}

),

weights as (
    {% for step in clm.value_steps() %}
    select
        {{ step.horizon_days }} as horizon_days,
        {{ step.days }} as step_days,
        cast({{ step.weight }} as {{ clm.type_double() }}) as weight
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

-- sums of exact numbers, so that their order does not matter
final as (

    select
        points.origin_on,
        points.horizon_days,
        points.repeat_count,
        points.tenure_days,
        cast(sum(
            case
                when points.step_days = points.horizon_days then cast(points.expected_count_alive as numeric(28, 12))
            end
        ) as numeric(28, 12)) as expected_count_alive,
        cast(sum(cast(points.expected_count_alive * weights.weight as numeric(28, 12))) as numeric(28, 12))
            as discounted_count_alive
    from points
    inner join weights
        on points.horizon_days = weights.horizon_days
        and points.step_days = weights.step_days
    group by points.origin_on, points.horizon_days, points.repeat_count, points.tenure_days

)

select * from final
