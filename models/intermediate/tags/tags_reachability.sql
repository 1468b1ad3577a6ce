{#-
    Grain: one row per person. Tags about how somebody may be reached: one column per tag, documented in
    tags_reachability.yml.
-#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        has_email and has_email_consent as reachable_email,
        has_phone and has_sms_consent as reachable_sms,
        has_push_consent as reachable_push,
        (has_email or has_phone) and has_ads_consent as reachable_ads
    from features

)

select * from final
