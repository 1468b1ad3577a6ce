{#-
    Grain: one row per person. Tags about what somebody is about to do: one column per tag, documented in
    tags_intent.yml.
-#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        case
            when intent_points >= {{ var('clm_tag_intent_high') }} then 'high'
            when intent_points >= {{ var('clm_tag_intent_medium') }} then 'medium'
            when intent_points > 0 then 'low'
        end as purchase_intent,
        coalesce(
            {{ clm.days_between(clm.business_day('last_cart_at'), 'as_of_date') }} < {{ var('clm_tag_cart_days') }}
            and (last_ordered_at is null or last_ordered_at < last_cart_at),
            false
        ) as cart_abandoner,
        recent_wishlist_count > 0
        and (last_purchase_on is null or last_purchase_on < last_wishlist_on) as wishlist_open,
        recent_search_count > 0 as searched_recently
    from features

)

select * from final
