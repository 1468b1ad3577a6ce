{#-
    Fails for every group of an audience that nobody can be in: two values of a field of which everybody has one, a value
    that is asked for and excluded, or a number that must be at least more than it may be at most.
-#}

with

rules as (

    select
        audiences.*,
        {{ dbt.split_part('operand', "':'", 1) }} as tag,
        {{ clm.read_number('operand', 'numeric(28, 2)') }} as bound
    from {{ ref('campaign_audiences') }} as audiences

)

select
    first_rules.campaign_id,
    first_rules.rule_group,
    first_rules.field,
    first_rules.operator,
    first_rules.operand,
    other_rules.operator as other_operator,
    other_rules.operand as other_operand
from rules as first_rules
inner join rules as other_rules
    on first_rules.campaign_id = other_rules.campaign_id
    and first_rules.rule_group = other_rules.rule_group
    and first_rules.field = other_rules.field
where
    (
        first_rules.field in ('segment', 'lifecycle_stage', 'lifecycle_sub_state')
        and first_rules.operator = 'is'
        and other_rules.operator = 'is'
        and first_rules.operand < other_rules.operand
    )
    -- a tag without a value excludes every value
    or (
        first_rules.operator = 'is'
        and other_rules.operator = 'is_not'
        and (
            first_rules.operand = other_rules.operand
            or (first_rules.field = 'tag' and first_rules.tag = other_rules.operand)
        )
    )
    or (
        first_rules.operator = 'at_least'
        and other_rules.operator = 'at_most'
        and first_rules.bound > other_rules.bound
    )
