{#-
    Grain: one row per person and taxonomy (canonical, growth, value, marketing). Why it exists: the stages of
    all taxonomies side by side in customer_lifecycle, here in long form, with the day since when.
-#}

with

customers as (

    select * from {{ ref('customer_lifecycle') }}

),

transitions as (

    select * from {{ ref('lifecycle_transitions') }}

),

taxonomies as (

    select * from {{ ref('lifecycle_taxonomies') }}

),

rfm_segments as (

    select * from {{ ref('rfm_segment_monthly') }}

),

segments as (

    select * from {{ ref('segments') }}

),

-- the latest day on which a stage of each taxonomy began
entered as (

    select
        transitions.customer_id,
        max(case when transitions.is_stage_change then transitions.changed_on end) as canonical_entered_on,
        max(case
            when states_before.growth_stage is null or states_before.growth_stage <> states.growth_stage
                then transitions.changed_on
        end) as growth_entered_on,
        max(case
            when states_before.marketing_stage is null or states_before.marketing_stage <> states.marketing_stage
                then transitions.changed_on
        end) as marketing_entered_on
    from transitions
    inner join taxonomies as states
        on transitions.lifecycle_stage = states.lifecycle_stage
        and transitions.lifecycle_sub_state = states.lifecycle_sub_state
    left join taxonomies as states_before
        on transitions.previous_stage = states_before.lifecycle_stage
        and transitions.previous_sub_state = states_before.lifecycle_sub_state
    group by transitions.customer_id

),

-- segments are observed at month ends; a visitor's stage of value is the canonical stage's
value_entered as (

    select
        rfm_segments.customer_id,
        max(rfm_segments.observed_on) as value_entered_on
    from rfm_segments
    inner join segments on rfm_segments.segment = segments.segment
    left join segments as segments_before on rfm_segments.previous_segment = segments_before.segment
    where
        rfm_segments.cause is not null
        and (segments_before.value_stage is null or segments_before.value_stage <> segments.value_stage)
    group by rfm_segments.customer_id

),

final as (
    {% for taxonomy, column in {
        'canonical': 'lifecycle_stage', 'growth': 'growth_stage', 'value': 'value_stage', 'marketing': 'marketing_stage'
    }.items() %}
    select
        customers.customer_id,
        customers.as_of_date,
        '{{ taxonomy }}' as taxonomy,
        customers.{{ column }} as taxonomy_stage,
        {% if taxonomy == 'value' -%}
        case
            when customers.lifecycle_stage = 'prospect' then entered.canonical_entered_on
            else value_entered.value_entered_on
        end as entered_on
        {%- else -%}
        entered.{{ taxonomy }}_entered_on as entered_on
        {%- endif %}
    from customers
    inner join entered on customers.customer_id = entered.customer_id
    {%- if taxonomy == 'value' %}
    left join value_entered on customers.customer_id = value_entered.customer_id
    {%- endif %}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}

)

select * from final
