{#-
    Grain: one row per person with a multi-valued tag. Why it exists: the entries `tag:value` of each such
    tag as one comma-joined text in byte order, next to each other like the tags of one value.
-#}
{%- set tags = clm.multi_tags() %}

with

tag_values as (

    select * from {{ ref('int_customer_tag_values') }}

),

entries as (

    select
        customer_id,
        tag,
        tag || ':' || replace(tag_value, ',', ' ') as entry
    from tag_values

),

listed as (

    select
        customer_id,
        tag,
        {{ clm.list_text('entry') }} as entries
    from entries
    group by customer_id, tag

),

final as (

    select
        {%- for tag in tags %}
        max(case when tag = '{{ tag.tag }}' then entries end) as list_{{ tag.tag }},
        {%- endfor %}
        customer_id
    from listed
    group by customer_id

)

select * from final
