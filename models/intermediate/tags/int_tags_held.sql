{#-
    Grain: one row per person, tag and value that hold on the as-of date. Why it exists: tags as rows,
    for the log and for customer_tags; the evidence is only built by who asks for it.
-#}

with

tagged as (

    select * from {{ ref('int_customers_tagged') }}

),

tag_values as (

    select * from {{ ref('int_customer_tag_values') }}

),

documented as (

    select * from {{ ref('int_tags_documented') }}

),

final as (
    {%- for tag in clm.wide_tags() %}

    select
        customer_id,
        '{{ tag.tag }}' as tag,
        {% if tag.meta.kind == 'boolean' -%}
        cast(null as {{ clm.type_text() }}) as tag_value,
        {%- else -%}
        tag_{{ tag.tag }} as tag_value,
        {%- endif %}
        {{ clm.tag_evidence(tag) }} as evidence,
        cast({{ tag.meta.version }} as integer) as rule_version
    from tagged
    where {{ 'tag_' ~ tag.tag ~ (' is not null' if tag.meta.kind == 'text' else '') }}

    union all
    {%- endfor %}

    select
        tag_values.customer_id,
        tag_values.tag,
        tag_values.tag_value,
        tag_values.evidence,
        documented.rule_version
    from tag_values
    inner join documented on tag_values.tag = documented.tag

)

select * from final
