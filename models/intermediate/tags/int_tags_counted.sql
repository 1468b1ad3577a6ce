{#-
    Grain: one row per documented tag. Why it exists: how many people have each tag on the as-of date, in
    one pass over the wide row, which is turned last.
-#}
{%- set tags = clm.documented_tags() %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

tagged as (

    select * from {{ ref('int_customers_tagged') }}

),

tag_lists as (

    select * from {{ ref('int_customers_tag_lists') }}

),

documented as (

    select * from {{ ref('int_tags_documented') }}

),

wide as (

    select
        {%- for tag in clm.wide_tags() %}
        {{ 'sum(case when tag_' ~ tag.tag ~ ' then 1 else 0 end)' if tag.meta.kind == 'boolean' else 'count(tag_' ~ tag.tag ~ ')' }} as {{ tag.tag }},
        {%- endfor %}
        count(*) as population_count
    from tagged

),

lists as (

    select
        {%- for tag in clm.multi_tags() %}
        count(list_{{ tag.tag }}) as {{ tag.tag }},
        {%- endfor %}
        count(*) as listed_count
    from tag_lists

),

counted as (
    {%- for tag in tags %}
    select
        '{{ tag.tag }}' as tag,
        {{ ('lists.' if tag.is_long else 'wide.') ~ tag.tag }} as customer_count,
        wide.population_count
    from wide
    cross join lists
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        '' as tag,
        wide.population_count as customer_count,
        wide.population_count
    from wide
    cross join lists
    where 1 = 0
    {%- endfor %}

),

final as (

    select
        documented.tag,
        documented.kind,
        documented.is_personal,
        documented.rule_version,
        cast(coalesce(counted.customer_count, 0) as integer) as customer_count,
        cast(counted.population_count as integer) as population_count,
        as_of.as_of_date
    from documented
    cross join as_of
    inner join counted on documented.tag = counted.tag

)

select * from final
