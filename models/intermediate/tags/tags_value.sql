{#- Grain: one row per person. Tags about what somebody is worth: one column per tag, documented in tags_value.yml. -#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        coalesce(monetary_score >= {{ var('clm_tag_high_value_score') }}, false) as high_value,
        coalesce(
            average_order_amount >= {{ var('clm_tag_big_basket_ratio') }} * all_average_order_amount, false
        ) as big_basket,
        coalesce(item_margin_rate >= {{ var('clm_tag_high_margin_rate') }}, false) as high_margin,
        coalesce(monetary_score <= {{ var('clm_tag_low_value_score') }}, false) as low_value
    from features

)

select * from final
