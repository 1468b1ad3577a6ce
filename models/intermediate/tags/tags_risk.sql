{#- Grain: one row per person. Tags about what may be lost: one column per tag, documented in tags_risk.yml. -#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        coalesce(
            purchase_count = 1 and recency_days >= {{ var('clm_tag_second_purchase_days') }}, false
        ) as no_second_purchase,
        case
            when lifecycle_stage not in ('churned', 'prospect')
                then {{ clm.churn_risk_band(
                    'silence_ratio', clm.is_engagement_falling('recent_active_days', 'earlier_active_days')
                ) }}
        end as churn_risk,
        {{ clm.is_engagement_falling('recent_active_days', 'earlier_active_days') }} as engagement_falling,
        coalesce(gross_amount > 0 and refund_rate >= {{ var('clm_tag_refund_share') }}, false) as refund_heavy,
        has_complained as complained,
        has_unsubscribed as unsubscribed
    from features

)

select * from final
