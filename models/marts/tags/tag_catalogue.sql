{#-
    Grain: one row per documented tag. Why it exists: the catalogue as a table: what each tag means,
    who owns it, how many people have it and whether any campaign uses it.
-#}

with

tags as (

    select * from {{ ref('customer_tags') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

audiences as (

    select * from {{ ref('campaign_audiences') }}

),

catalogue as (
    {%- for tag in clm.documented_tags() %}
    select
        '{{ tag.tag }}' as tag,
        '{{ tag.meta.label_en | replace("'", "''") }}' as label_en,
        '{{ tag.meta.label_zh | replace("'", "''") }}' as label_zh,
        '{{ tag.description | replace("'", "''") | replace("\n", " ") }}' as description,
        '{{ tag.meta.group }}' as tag_group,
        '{{ tag.meta.owner }}' as owner,
        '{{ tag.meta.kind }}' as kind,
        {{ tag.meta.version }} as rule_version,
        '{{ tag.meta.evidence | join(",") }}' as evidence_columns
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        tag,
        tag as label_en,
        tag as label_zh,
        tag as description,
        tag as tag_group,
        tag as owner,
        tag as kind,
        1 as rule_version,
        tag as evidence_columns
    from tags
    where 1 = 0
    {%- endfor %}

),

coverage as (

    select
        tag,
        count(*) as customer_count
    from tags
    group by tag

),

population as (

    select count(*) as customer_count from customers

),

used as (

    select distinct {{ dbt.split_part('operand', "':'", 1) }} as tag
    from audiences
    where field = 'tag'

),

final as (

    select
        catalogue.tag,
        catalogue.label_en,
        catalogue.label_zh,
        catalogue.description,
        catalogue.tag_group,
        catalogue.owner,
        catalogue.kind,
        catalogue.rule_version,
        catalogue.evidence_columns,
        cast(coalesce(coverage.customer_count, 0) as integer) as customer_count,
        coalesce({{ clm.ratio('coverage.customer_count', 'population.customer_count') }}, 0) as customer_rate,
        used.tag is not null as is_used_by_campaign
    from catalogue
    cross join population
    left join coverage on catalogue.tag = coverage.tag
    left join used on catalogue.tag = used.tag

)

select * from final
