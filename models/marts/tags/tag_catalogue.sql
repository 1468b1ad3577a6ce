{#-
    Grain: one row per documented tag. Why it exists: the catalogue as a table: what each tag means, who
    owns it, how many people have it, what changed since the run before, and which tags to retire.
-#}

with

documented as (

    select * from {{ ref('int_tags_documented') }}

),

compared as (

    select * from {{ ref('int_tags_compared') }}

),

pairs as (

    select * from {{ ref('tag_overlap') }}

),

audiences as (

    select * from {{ ref('campaign_audiences') }}

),

used as (

    select distinct {{ dbt.split_part('operand', "':'", 1) }} as tag
    from audiences
    where field = 'tag'

),

-- of two tags with nearly the same members the later by name is the double
doubles as (

    select
        other_tag as tag,
        min({{ clm.byte_order('tag') }}) as original_tag
    from pairs
    where tag_value is null and other_tag_value is null
    group by other_tag

),

judged as (

    select
        documented.*,
        compared.customer_count,
        compared.customer_rate,
        compared.customer_rate_change,
        compared.previous_run_on,
        compared.previous_rule_version,
        compared.is_rule_changed,
        compared.is_share_changed,
        compared.days_without_members,
        used.tag is not null as is_used_by_campaign,
        doubles.original_tag
    from documented
    inner join compared on documented.tag = compared.tag
    left join used on documented.tag = used.tag
    left join doubles on documented.tag = doubles.tag

),

advised as (

    select
        judged.*,
        case
            when customer_count = 0 and days_without_members >= {{ var('clm_tag_retire_days') }} then 'no_members'
            when not is_used_by_campaign and customer_rate >= {{ var('clm_tag_everybody_rate') }} then 'everybody'
            when not is_used_by_campaign and original_tag is not null then 'same_as:' || original_tag
        end as retire_reason,
        case
            when is_rule_changed then 'rule_changed'
            when is_share_changed then 'share_changed'
            when original_tag is not null then 'same_as:' || original_tag
        end as review_reason
    from judged

),

final as (

    select
        tag,
        label_en,
        label_zh,
        description,
        tag_group,
        owner,
        kind,
        rule_version,
        evidence_columns,
        is_predictive,
        is_personal,
        customer_count,
        customer_rate,
        customer_rate_change,
        previous_run_on,
        previous_rule_version,
        is_rule_changed or is_share_changed as is_drifting,
        days_without_members,
        is_used_by_campaign,
        case
            when retire_reason is not null then 'retire'
            when review_reason is not null then 'review'
            else 'keep'
        end as advice,
        coalesce(retire_reason, review_reason) as advice_reason
    from advised

)

select * from final
