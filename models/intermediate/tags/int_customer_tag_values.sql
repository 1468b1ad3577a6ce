{#-
    Grain: one row per person, multi-valued tag and value that hold on the as-of date. Why it exists: the
    long models of tags in one shape, for people who exist, and without predictive tags where profiling
    is denied.
-#}
{%- do clm.depend_on_tag_models() -%}
{%- set tags = clm.multi_tags() %}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

{% for tag in tags -%}
{{ tag.model }} as (

    select * from {{ ref(tag.model) }}

),

{% endfor -%}

final as (
    {%- for tag in tags %}

    select
        {{ tag.model }}.customer_id,
        '{{ tag.tag }}' as tag,
        {{ clm.as_text(tag.model ~ '.tag_value') }} as tag_value,
        {{ clm.tag_evidence(tag, tag.model ~ '.') }} as evidence
    from {{ tag.model }}
    inner join features on {{ tag.model }}.customer_id = features.customer_id
    where {{ tag.model }}.tag_value is not null
    {%- if tag.meta.get('predictive') %} and not features.is_profiling_denied{% endif %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- else %}

    select
        customer_id,
        cast(null as {{ clm.type_text() }}) as tag,
        cast(null as {{ clm.type_text() }}) as tag_value,
        cast(null as {{ clm.type_text() }}) as evidence
    from features
    where 1 = 0
    {%- endfor %}

)

select * from final
