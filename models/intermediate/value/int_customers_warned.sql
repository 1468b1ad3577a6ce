{#-
    Grain: one row per person with a purchase that counts. Why it exists: who is about to be lost, by her own rhythm: how
    long she has been silent against the gap that is usual for her, and whether she is less active than she was.
    Who has churned already, or refused profiling, has no band; nor has anybody whose engagement is not falling as
    long as nobody has bought twice, for then there is no rhythm to miss.
-#}

with

paced as (

    select * from {{ ref('int_customers_paced') }}

),

judged as (

    select
        paced.*,
        not is_profiling_denied
        and lifecycle_stage <> 'churned'
        and (silence_ratio is not null or is_engagement_falling) as is_judged,
        coalesce(silence_ratio >= {{ var('clm_churn_risk_medium_ratio') }}, false) as is_overdue,
        coalesce(p_no_purchase >= {{ var('clm_churn_risk_probability') }}, false) as is_unlikely_to_buy
    from paced

),

banded as (

    select
        judged.*,
        case
            when is_judged then {{ clm.churn_risk_band('silence_ratio', 'is_engagement_falling') }}
        end as churn_risk
    from judged

),

final as (

    select
        customer_id,
        churn_risk,
        case when churn_risk <> 'low' then {{ clm.churn_drivers('en') }} end as churn_drivers_en,
        case when churn_risk <> 'low' then {{ clm.churn_drivers('zh') }} end as churn_drivers_zh,
        own_gap_count,
        silence_days,
        cast(round(expected_gap_days, 1) as numeric(18, 1)) as expected_gap_days,
        silence_ratio,
        recent_active_days,
        earlier_active_days,
        is_engagement_falling,
        case
            when is_judged
                then {{ clm.add_days('last_purchase_on', 'cast(round(expected_gap_days, 0) as integer)') }}
        end as next_expected_purchase_on,
        case
            when lifecycle_stage <> 'churned'
                then greatest(
                    {{ clm.days_between('as_of_date', clm.add_days('last_purchase_on', var('clm_churn_days'))) }},
                    {{ clm.days_between(
                        'as_of_date', clm.add_days('last_engagement_on', var('clm_churn_engagement_days'))
                    ) }}
                )
        end as days_to_churn
    from banded

)

select * from final
