{#-
    Grain: one row per person, field and value that an audience rule asks for. Why it exists: rules and
    people meet here by equality; nothing multiplies people by rules but the few numeric rules.
-#}

with

tagged as (

    select * from {{ ref('int_customers_tagged') }}

),

tags as (

    select * from {{ ref('customer_tags') }}

),

recommended as (

    select distinct
        customers.customer_id,
        chosen.recommendation_kind
    from {{ ref('int_recommendations_chosen') }} as chosen
    inner join {{ ref('int_customers') }} as customers on chosen.customer_number = customers.customer_number

),

rules as (

    select distinct
        field,
        operator,
        operand
    from {{ ref('campaign_audiences') }}

),

facets as (

    select
        customer_id,
        'segment' as field,
        segment as operand
    from tagged
    union all
    select
        customer_id,
        'lifecycle_stage' as field,
        lifecycle_stage as operand
    from tagged
    union all
    select
        customer_id,
        'lifecycle_sub_state' as field,
        lifecycle_sub_state as operand
    from tagged
    union all
    select
        customer_id,
        'tag' as field,
        tag as operand
    from tags
    union all
    select
        customer_id,
        'tag' as field,
        tag || ':' || tag_value as operand
    from tags
    where tag_value is not null
    union all
    select
        customer_id,
        'recommendation' as field,
        recommendation_kind as operand
    from recommended

),

final as (

    select
        facets.customer_id,
        rules.field,
        rules.operator,
        rules.operand
    from facets
    inner join rules
        on facets.field = rules.field
        and facets.operand = rules.operand

    union all

    select
        tagged.customer_id,
        rules.field,
        rules.operator,
        rules.operand
    from tagged
    inner join rules
        on rules.operator in ('at_least', 'at_most')
        and case
            {%- for field in clm.audience_features() %}
            when rules.field = '{{ field }}'
                then case when rules.operator = 'at_least' then 1 else -1 end
                    * (tagged.{{ field }} - cast(rules.operand as numeric(28, 2))) >= 0
            {%- endfor %}
        end

)

select * from final
