{#-
    Grain: one row per person. Tags about what somebody says of us: one column per tag, documented in
    tags_relation.yml.
-#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        coalesce(nps_score >= 9, false) as promoter,
        coalesce(nps_score <= 6, false) as detractor,
        referral_count > 0 as referrer,
        is_referred as referred,
        review_count > 0 as reviewer,
        member_tier
    from features

)

select * from final
