{#-
    Grain: one row per experiment of ours (a campaign, a journey, `(global)`: everything against the global control group) and
    part of it (`all`, a variant, a segment or stage at the assignment) with people in both arms. Why it exists: what the
    campaign was worth against the people who were held out, as assigned, with honest intervals.
-#}
{%- set bounds = {'difference': '', 'lower_bound': '_lower_bound', 'upper_bound': '_upper_bound'} %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

pairs as (

    select * from {{ ref('int_campaign_pairs') }}

),

conversions as (

    select * from {{ ref('int_experiment_results') }}
    where test_source = 'campaign' and measure = 'conversion'

),

revenues as (

    select * from {{ ref('int_experiment_results') }}
    where test_source = 'campaign' and measure = 'revenue' and metric = 'purchase'

),

adjusted_revenues as (

    select * from {{ ref('int_experiment_results') }}
    where test_source = 'campaign' and measure = 'revenue_adjusted'

),

margins as (

    select * from {{ ref('int_experiment_results') }}
    where test_source = 'campaign' and measure = 'revenue' and metric = 'margin'

),

judged as (

    select
        pairs.*,
        conversions.split_p_value,
        conversions.split_check,
        conversions.verdict as conversion_verdict,
        coalesce(revenues.verdict, conversions.verdict) as revenue_verdict,
        conversions.difference as conversion_difference,
        conversions.lower_bound as conversion_lower_bound,
        conversions.upper_bound as conversion_upper_bound,
        conversions.adjusted_p_value as conversion_p_value,
        conversions.detectable_difference as conversion_detectable_difference,
        {%- for name in ['revenue', 'adjusted_revenue', 'margin'] %}
        {{ name }}s.difference as {{ name }}_difference,
        {{ name }}s.lower_bound as {{ name }}_lower_bound,
        {{ name }}s.upper_bound as {{ name }}_upper_bound,
        {%- endfor %}
        revenues.relative_difference as relative_revenue_difference,
        revenues.relative_lower_bound as relative_revenue_lower_bound,
        revenues.relative_upper_bound as relative_revenue_upper_bound,
        revenues.adjusted_p_value as revenue_p_value,
        revenues.detectable_difference as revenue_detectable_difference
    from pairs
    left join conversions
        on pairs.experiment_id = conversions.experiment_id
        and pairs.breakdown = conversions.breakdown
        and pairs.breakdown_value = conversions.breakdown_value
    {%- for name in ['revenues', 'adjusted_revenues', 'margins'] %}
    left join {{ name }}
        on pairs.experiment_id = {{ name }}.experiment_id
        and pairs.breakdown = {{ name }}.breakdown
        and pairs.breakdown_value = {{ name }}.breakdown_value
    {%- endfor %}

),

final as (

    select
        as_of.as_of_date,
        judged.experiment_level,
        judged.experiment_id,
        judged.breakdown,
        judged.breakdown_value,
        judged.treated_count,
        judged.control_count,
        judged.open_count,
        judged.treated_reached_count,
        judged.control_reached_count,
        {{ clm.ratio('judged.control_reached_count', 'judged.control_count') }} as contamination_rate,
        judged.mixed_count,
        judged.treated_conversion_count,
        judged.control_conversion_count,
        {{ clm.ratio('judged.treated_conversion_count', 'judged.treated_count') }} as treated_conversion_rate,
        {{ clm.ratio('judged.control_conversion_count', 'judged.control_count') }} as control_conversion_rate,
        judged.conversion_difference,
        judged.conversion_lower_bound,
        judged.conversion_upper_bound,
        judged.conversion_p_value,
        judged.conversion_detectable_difference,
        judged.conversion_verdict,
        judged.treated_revenue_amount,
        judged.control_revenue_amount,
        judged.revenue_difference,
        judged.revenue_lower_bound,
        judged.revenue_upper_bound,
        judged.relative_revenue_difference,
        judged.relative_revenue_lower_bound,
        judged.relative_revenue_upper_bound,
        judged.revenue_p_value,
        judged.revenue_detectable_difference,
        judged.revenue_verdict,
        judged.adjusted_revenue_difference,
        judged.adjusted_revenue_lower_bound,
        judged.adjusted_revenue_upper_bound,
        judged.treated_margin_amount,
        judged.control_margin_amount,
        judged.margin_difference,
        judged.margin_lower_bound,
        judged.margin_upper_bound,
        {%- for name in ['revenue', 'margin'] %}
        {%- for source, bound in bounds.items() %}
        cast(judged.{{ name }}_{{ source }} * judged.treated_count as numeric(28, 2))
            as incremental_{{ name }}{{ bound }},
        {%- endfor %}
        {%- endfor %}
        judged.cost_amount,
        {%- for source, bound in bounds.items() %}
        {{ clm.rounded(
            '(judged.margin_' ~ source ~ ' * judged.treated_count - judged.cost_amount) / nullif(judged.cost_amount, 0)'
        ) }} as return_on_cost{{ bound }},
        {%- endfor %}
        judged.split_p_value,
        judged.split_check,
        case
            when judged.conversion_verdict is null then 'too_early'
            when judged.conversion_verdict = judged.revenue_verdict then judged.conversion_verdict
            when judged.revenue_verdict = 'no_difference_shown' then judged.conversion_verdict
            when judged.conversion_verdict = 'no_difference_shown' then judged.revenue_verdict
            else 'contradictory'
        end as verdict
    from judged
    cross join as_of

)

select * from final
