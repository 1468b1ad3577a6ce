{#-
    Grain: one row per person who exists on the as-of date. Why it exists: everything that is known of a
    person in one wide row: profile, consents, activity, RFM, stages, value, tags.
-#}

with

lifecycle as (

    select * from {{ ref('customer_lifecycle') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

ids as (

    select * from {{ ref('int_customers_ids') }}

),

consents as (

    select * from {{ ref('int_customers_consents') }}

),

windows as (

    select * from {{ ref('int_customers_rfm_windows') }}

),

recommended as (

    select * from {{ ref('int_customers_recommended') }}

),

segment_changes as (

    select * from {{ ref('int_customers_segment_changes') }}

),

final as (

    select
        lifecycle.customer_id,
        features.person_key,
        lifecycle.as_of_date,
        ids.source_customer_count,
        ids.guest_count,
        ids.visitor_count,
        customers.is_erased,
        -- profile
        customers.full_name,
        customers.email,
        customers.phone,
        customers.gender,
        customers.birth_date,
        features.age_years,
        customers.country,
        customers.city,
        customers.timezone,
        customers.language,
        customers.acquisition_source,
        customers.industry,
        customers.owner_id,
        customers.member_tier,
        customers.registered_on,
        lifecycle.first_fact_on,
        -- consents
        {%- for channel in ['email', 'sms', 'push', 'ads', 'web', 'phone'] %}
        consents.{{ channel }}_consent,
        {%- endfor %}
        consents.is_profiling_granted = 1 as is_profiling_granted,
        features.is_reachable,
        -- activity
        features.days_since_last_engagement,
        features.session_count,
        features.view_count,
        features.cart_count,
        features.app_event_count,
        features.recent_visit_days,
        features.favourite_channel,
        features.preferred_hour,
        features.favourite_category,
        features.nps_score,
        features.review_count,
        features.referral_count,
        -- RFM
        lifecycle.segment,
        segment_changes.previous_segment,
        segment_changes.changed_on as segment_changed_on,
        segment_changes.cause as segment_change_cause,
        lifecycle.recency_score,
        lifecycle.frequency_score,
        lifecycle.monetary_score,
        lifecycle.rfm_code,
        lifecycle.recency_days,
        lifecycle.purchase_count,
        lifecycle.order_count,
        lifecycle.first_purchase_on,
        lifecycle.last_purchase_on,
        -- stages
        lifecycle.lifecycle_stage,
        lifecycle.lifecycle_sub_state,
        lifecycle.stage_entered_on,
        lifecycle.next_change_on,
        lifecycle.growth_stage,
        lifecycle.value_stage,
        lifecycle.marketing_stage,
        -- value
        cast(features.gross_amount as numeric(28, 2)) as gross_amount,
        cast(features.refund_amount as numeric(28, 2)) as refund_amount,
        lifecycle.net_revenue_amount,
        {%- for days in [30, 90, 180, 365] %}
        cast(coalesce(windows.net_revenue_amount_{{ days }}d, 0) as numeric(28, 2)) as net_revenue_amount_{{ days }}d,
        coalesce(windows.purchase_count_{{ days }}d, 0) as purchase_count_{{ days }}d,
        {%- endfor %}
        lifecycle.average_order_amount,
        features.item_margin_rate,
        lifecycle.churn_risk,
        lifecycle.p_no_purchase,
        lifecycle.predicted_value_amount,
        -- recommendations
        recommended.favourite_price_band,
        recommended.recommended_product_ids,
        recommended.replenishment_product_id,
        recommended.replenishment_due_on,
        recommended.bought_together_product_id,
        recommended.next_higher_product_id,
        recommended.new_arrival_product_id,
        lifecycle.is_global_control,
        lifecycle.tags
    from lifecycle
    inner join features on lifecycle.customer_id = features.customer_id
    inner join customers on lifecycle.customer_id = customers.customer_id
    left join ids on lifecycle.customer_id = ids.customer_id
    left join consents on lifecycle.customer_id = consents.customer_id
    left join windows on lifecycle.customer_id = windows.customer_id
    left join recommended on lifecycle.customer_id = recommended.customer_id
    left join segment_changes on lifecycle.customer_id = segment_changes.customer_id

)

select * from final
