{#- Grain: one row per person. Tags about how somebody buys: one column per tag, documented in tags_behaviour.yml. -#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        purchase_count_90d >= {{ var('clm_tag_frequent_purchases') }} as frequent_buyer,
        coalesce(
            purchase_count >= 2 and buying_span_days >= {{ var('clm_tag_long_term_days') }}, false
        ) as long_term_repeat_buyer,
        coalesce(
            order_count >= {{ var('clm_tag_min_orders') }}
            and discounted_order_rate >= {{ var('clm_tag_discount_share') }},
            false
        ) as discount_lover,
        coalesce(
            order_count >= {{ var('clm_tag_min_orders') }} and discounted_order_count = 0, false
        ) as full_price_buyer,
        favourite_channel,
        favourite_category,
        case
            when order_count >= {{ var('clm_tag_min_orders') }} then cast(preferred_hour as {{ clm.type_text() }})
        end as preferred_hour,
        coalesce(
            order_count >= {{ var('clm_tag_min_orders') }}
            and night_order_rate >= {{ var('clm_tag_night_share') }},
            false
        ) as night_shopper,
        event_attended_count > 0 as event_attendee,
        app_event_count > 0 as app_user,
        channel_count >= 2 as multi_channel
    from features

)

select * from final
