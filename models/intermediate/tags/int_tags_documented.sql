{#-
    Grain: one row per documented tag. Why it exists: what the YAML of a tag says, as a table that SQL
    can join.
-#}

{% for tag in clm.documented_tags() -%}
select
    '{{ tag.tag }}' as tag,
    '{{ tag.meta.label_en | replace("'", "''") }}' as label_en,
    '{{ tag.meta.label_zh | replace("'", "''") }}' as label_zh,
    '{{ tag.description | replace("'", "''") | replace("\n", " ") }}' as description,
    '{{ tag.meta.group }}' as tag_group,
    '{{ tag.meta.owner }}' as owner,
    '{{ tag.meta.kind }}' as kind,
    cast({{ tag.meta.version }} as integer) as rule_version,
    '{{ tag.meta.evidence | join(",") }}' as evidence_columns,
    {{ 'true' if tag.meta.get('predictive') else 'false' }} as is_predictive,
    {{ 'true' if tag.meta.get('personal') else 'false' }} as is_personal
{%- if not loop.last %}
union all
{% endif %}
{%- else %}
select
    as_of_text as tag,
    as_of_text as label_en,
    as_of_text as label_zh,
    as_of_text as description,
    as_of_text as tag_group,
    as_of_text as owner,
    as_of_text as kind,
    1 as rule_version,
    as_of_text as evidence_columns,
    false as is_predictive,
    false as is_personal
from (select {{ clm.as_text('null') }} as as_of_text) as nothing
where 1 = 0
{%- endfor %}
