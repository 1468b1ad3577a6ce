{#-
    Fails for every audience rule that names a segment, stage, sub-state, tag or kind of recommendation that does not
    exist, or compares in a way its field cannot.
-#}

with

rules as (

    select
        audiences.*,
        {{ dbt.split_part('operand', "':'", 1) }} as tag
    from {{ ref('campaign_audiences') }} as audiences

),

known as (

    select
'segment' as field,
segment as operand
from {{ ref('segments') }}
    union
    select
'lifecycle_stage' as field,
lifecycle_stage as operand
from {{ ref('lifecycle_taxonomies') }}
    union
    select
'lifecycle_sub_state' as field,
lifecycle_sub_state as operand
from {{ ref('lifecycle_taxonomies') }}
    union
    select
'tag' as field,
tag as operand
from {{ ref('tag_catalogue') }}
{%- for kind in clm.recommendation_kinds() %}
    union
    select
'recommendation' as field,
'{{ kind }}' as operand
{%- endfor %}

)

select
    rules.campaign_id,
    rules.rule_group,
    rules.field,
    rules.operator,
    rules.operand
from rules
left join known
    on rules.field = known.field
    and case when rules.field = 'tag' then rules.tag else rules.operand end = known.operand
where
    (
        rules.field in ('segment', 'lifecycle_stage', 'lifecycle_sub_state', 'tag', 'recommendation')
        and known.operand is null
    )
    or (rules.field in ('segment', 'lifecycle_stage', 'lifecycle_sub_state', 'tag', 'recommendation'))
    <> (rules.operator in ('is', 'is_not'))
    or (
        rules.operator in ('at_least', 'at_most')
        and {{ clm.read_number('rules.operand', 'numeric(28, 2)') }} is null
    )
