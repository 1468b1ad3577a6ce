{#-
    Grain: one row per experiment of ours, part of it (the whole, a variant, segment or stage at the assignment) and arm. Why it
    exists: the sums that every result is computed from, over the people whose window is over. A variant is compared with the part of the control that
    would have had it.
-#}
{%- set sums = [
    ['unit_count', '1', 'integer'],
    ['mixed_count', 'case when is_mixed then 1 else 0 end', 'integer'],
    ['reached_count', 'case when is_reached then 1 else 0 end', 'integer'],
    ['conversion_count', 'is_converted', 'integer'],
    ['assigned_share_sum', "case when arm = 'control' then control_share else 1 - control_share end", 'numeric(28, 4)'],
    ['cost_sum', 'cost_amount', 'numeric(28, 4)'],
    ['revenue_sum', 'revenue', 'numeric(38, 4)'],
    ['revenue_square_sum', 'revenue * revenue', 'numeric(38, 4)'],
    ['margin_sum', 'margin', 'numeric(38, 4)'],
    ['margin_square_sum', 'margin * margin', 'numeric(38, 4)'],
    ['before_sum', 'revenue_before', 'numeric(38, 4)'],
    ['before_square_sum', 'revenue_before * revenue_before', 'numeric(38, 4)'],
    ['product_sum', 'revenue * revenue_before', 'numeric(38, 4)'],
] %}

with

outcomes as (

    select * from {{ ref('int_campaign_outcomes') }}

),

costs_known as (

    select max(case when margin_amount is not null then 1 else 0 end) = 1 as has_margin
    from {{ ref('int_order_margins') }}

),

-- 1e12 or more is no revenue; of fewer than 19 digits DuckDB would square within 18
amounts as (

    select
        outcomes.*,
        costs_known.has_margin,
        {%- for name in ['revenue', 'margin', 'revenue_before'] %}
        case
            when abs(outcomes.{{ name }}_amount) < 1000000000000 then cast(outcomes.{{ name }}_amount as numeric(19, 2))
            else 0
        end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from outcomes
    cross join costs_known

),

parts as (

    select
        'all' as breakdown,
        'all' as breakdown_value,
        amounts.*
    from amounts
    {%- for name in ['variant', 'segment', 'lifecycle_stage'] %}

    union all

    select
        '{{ name }}' as breakdown,
        amounts.{{ name }} as breakdown_value,
        amounts.*
    from amounts
    where amounts.{{ name }} is not null
    {%- endfor %}

),

final as (

    select
        experiment_level,
        experiment_id,
        breakdown,
        breakdown_value,
        arm,
        has_margin,
        cast(sum(case when is_open then 1 else 0 end) as integer) as open_count,
        {%- for name, value, type in sums %}
        cast(
            coalesce(sum(case when not is_open then {{ value }} end), 0) as {{ type }}
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    group by experiment_level, experiment_id, breakdown, breakdown_value, arm, has_margin

)

select * from final
