{#-
    Fails for every audience rule that names a segment, stage, sub-state or tag that does not exist,
    or compares in a way its field cannot.
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
    (rules.field in ('segment', 'lifecycle_stage', 'lifecycle_sub_state', 'tag') and known.operand is null)
    or (rules.field in ('segment', 'lifecycle_stage', 'lifecycle_sub_state', 'tag'))
    <> (rules.operator in ('is', 'is_not'))
    or (
        rules.operator in ('at_least', 'at_most')
        and {{ clm.read_number('rules.operand', 'numeric(28, 2)') }} is null
    )
