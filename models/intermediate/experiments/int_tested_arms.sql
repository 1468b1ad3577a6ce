{#-
    Grain: one row per experiment (imported, or a campaign of ours), part of it, metric and arm. Why it exists: the sums of both
    in one shape, so that every result comes from the same formulas.
-#}
{%- set measures = [
    'arm', 'is_control', 'arm_share', 'unit_count', 'conversion_count', 'has_conversion', 'has_revenue',
    'has_revenue_before', 'revenue_sum', 'revenue_square_sum', 'before_sum', 'before_square_sum', 'product_sum',
] %}

with

imported as (

    select * from {{ ref('int_experiment_arms') }}

),

campaign_sums as (

    select * from {{ ref('int_campaign_sums') }}

),

own as (

    {%- for metric, y, before in [('purchase', 'revenue', true), ('margin', 'margin', false)] %}
    select
        'campaign' as test_source,
        experiment_id,
        breakdown,
        breakdown_value,
        '{{ metric }}' as metric,
        arm,
        arm = 'control' as is_control,
        cast(assigned_share_sum / unit_count as {{ clm.type_double() }}) as arm_share,
        unit_count,
        conversion_count,
        {{ 'true' if before else 'false' }} as has_conversion,
        {{ 'true' if before else 'has_margin' }} as has_revenue,
        {{ 'true' if before else 'false' }} as has_revenue_before,
        {{ y }}_sum as revenue_sum,
        {{ y }}_square_sum as revenue_square_sum,
        before_sum,
        before_square_sum,
        {{ 'product_sum' if before else 'cast(0 as numeric(38, 4))' }} as product_sum
    from campaign_sums
    where unit_count > 0
    {%- if before %}

    union all
    {% endif %}
    {%- endfor %}

),

final as (

    select
        'imported' as test_source,
        experiment_id,
        'all' as breakdown,
        'all' as breakdown_value,
        metric,
        arm,
        is_control,
        arm_share,
        unit_count,
        conversion_count,
        true as has_conversion,
        has_revenue,
        has_revenue_before,
        revenue_sum,
        revenue_square_sum,
        before_sum,
        before_square_sum,
        product_sum
    from imported

    union all

    select
        {{ clm.experiment_key() | join(',\n        ') }},
        {{ measures | join(',\n        ') }}
    from own

)

select * from final
