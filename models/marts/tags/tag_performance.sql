{#-
    Grain: one row per tag and value that somebody has on the as-of date. Why it exists: what people with a
    tag are worth and do, next to each other.
-#}

with

tags as (

    select * from {{ ref('customer_tags') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

documented as (

    select * from {{ ref('int_tags_documented') }}

),

counted as (

    select
        tags.tag,
        tags.tag_value,
        count(*) as customer_count,
        sum(case when features.purchase_count > 0 then 1 else 0 end) as buyer_count,
        sum(case when features.purchase_count > 1 then 1 else 0 end) as repeat_buyer_count,
        sum(case when features.lifecycle_stage = 'churned' then 1 else 0 end) as churned_count,
        sum(features.order_count) as order_count,
        sum(coalesce(features.net_revenue_amount, 0)) as net_revenue_amount
    from tags
    inner join features on tags.customer_id = features.customer_id
    group by tags.tag, tags.tag_value

),

final as (

    select
        counted.tag,
        counted.tag_value,
        documented.tag_group,
        cast(counted.customer_count as integer) as customer_count,
        cast(counted.buyer_count as integer) as buyer_count,
        {{ clm.ratio('counted.buyer_count', 'counted.customer_count') }} as conversion_rate,
        {{ clm.ratio('counted.repeat_buyer_count', 'counted.buyer_count') }} as repeat_rate,
        {{ clm.ratio('counted.churned_count', 'counted.buyer_count') }} as churned_rate,
        cast(counted.order_count as integer) as order_count,
        cast(counted.net_revenue_amount as numeric(28, 2)) as net_revenue_amount,
        {{ clm.average_amount('counted.net_revenue_amount', 'counted.customer_count') }} as average_revenue_amount
    from counted
    inner join documented on counted.tag = documented.tag

)

select * from final
