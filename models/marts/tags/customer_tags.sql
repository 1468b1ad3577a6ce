{#-
    Grain: one row per person and tag that holds on the as-of date. Why it exists: why does she have
    this tag: each row carries the feature values that made it true.
-#}

with

tagged as (

    select * from {{ ref('int_customers_tagged') }}

),

final as (
    {%- for tag in clm.documented_tags() %}

    select
        customer_id,
        '{{ tag.tag }}' as tag,
        {% if tag.meta.kind == 'boolean' -%}
        cast(null as {{ clm.type_text() }}) as tag_value,
        {%- else -%}
        tag_{{ tag.tag }} as tag_value,
        {%- endif %}
        as_of_date as since_on,
        as_of_date as first_true_on,
        {{ clm.tag_evidence(tag) }} as evidence,
        {{ tag.meta.version }} as rule_version
    from tagged
    where {{ 'tag_' ~ tag.tag ~ (' is not null' if tag.meta.kind == 'text' else '') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- else %}

    select
        customer_id,
        cast(null as {{ clm.type_text() }}) as tag,
        cast(null as {{ clm.type_text() }}) as tag_value,
        as_of_date as since_on,
        as_of_date as first_true_on,
        cast(null as {{ clm.type_text() }}) as evidence,
        1 as rule_version
    from tagged
    where 1 = 0
    {%- endfor %}

)

select * from final
