{#-
    Grain: one row per person: all features and all tags of one value side by side. Why it exists: tags are
    unpivoted from here, with the features that made a tag true as its evidence; and where profiling is
    denied, no predictive tag gets any further than this.
-#}
{%- do clm.depend_on_tag_models() -%}
{%- set models = clm.wide_tags() | map(attribute='model') | unique | list %}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

{% for model in models -%}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor -%}

final as (

    select
        {%- for tag in clm.wide_tags() %}
        {{ clm.permitted_tag(tag, tag.model ~ '.' ~ tag.tag, 'features.is_profiling_denied') }} as tag_{{ tag.tag }},
        {%- endfor %}
        features.*
    from features
    {%- for model in models %}
    left join {{ model }} on features.customer_id = {{ model }}.customer_id
    {%- endfor %}

)

select * from final  -- noqa: AM04
