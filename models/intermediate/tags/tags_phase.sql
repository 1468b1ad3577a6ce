{#-
    Grain: one row per person. Tags about how far somebody has come: one column per tag, documented in
    tags_phase.yml.
-#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        coalesce(days_since_registration < {{ var('clm_tag_new_registration_days') }}, false) as new_registration,
        coalesce(
            purchase_count = 1 and days_since_first_purchase < {{ var('clm_onboarding_days') }}, false
        ) as first_purchase,
        purchase_count = 0 and view_count > 0 and cart_count = 0 as brand_awareness,
        purchase_count = 0 and recent_visit_days >= 2 as returning_visitor
    from features

)

select * from final
