{#-
    Grain: one row per person: all features and all tags side by side. Why it exists: the catalogue of
    tags is unpivoted from here, with the features that made a tag true as its evidence.
-#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

{% for model in clm.tag_models() -%}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor -%}

final as (

    select
        {%- for tag in clm.documented_tags() %}
        {{ tag.model }}.{{ tag.tag }} as tag_{{ tag.tag }},
        {%- endfor %}
        features.*
    from features
    {%- for model in clm.tag_models() %}
    left join {{ model }} on features.customer_id = {{ model }}.customer_id
    {%- endfor %}

)

select * from final  -- noqa: AM04
