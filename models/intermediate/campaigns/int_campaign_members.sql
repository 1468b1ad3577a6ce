{#-
    Grain: one row per campaign and person in its audience on the as-of date. Why it exists: rules of a
    group are ANDed, groups are ORed, and only members are considered at all.
-#}

with

rules as (

    select * from {{ ref('campaign_audiences') }}

),

facets as (

    select * from {{ ref('int_campaign_audience_facets') }}

),

group_sizes as (

    select
        campaign_id,
        rule_group,
        sum(case when operator = 'is_not' then 0 else 1 end) as needed_count
    from rules
    group by campaign_id, rule_group

),

hits as (

    select
        rules.campaign_id,
        rules.rule_group,
        facets.customer_id,
        sum(case when rules.operator = 'is_not' then 0 else 1 end) as met_count,
        sum(case when rules.operator = 'is_not' then 1 else 0 end) as excluded_count
    from rules
    inner join facets
        on rules.field = facets.field
        and rules.operator = facets.operator
        and rules.operand = facets.operand
    group by rules.campaign_id, rules.rule_group, facets.customer_id

),

final as (

    select distinct
        hits.campaign_id,
        hits.customer_id
    from hits
    inner join group_sizes
        on hits.campaign_id = group_sizes.campaign_id
        and hits.rule_group = group_sizes.rule_group
    where
        hits.met_count = group_sizes.needed_count
        and hits.excluded_count = 0

)

select * from final
