{#-
    Grain: one row per person. Why it exists: the one wide row that tags are predicates over; a user's
    own tags read it too. A measure without anything to measure is 0, a date or ratio is NULL.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

held_out as (

    select * from {{ ref('int_customers_held_out') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

stages as (

    select * from {{ ref('int_customers_staged') }}

),

activity as (

    select * from {{ ref('int_customers_activity') }}

),

windows as (

    select * from {{ ref('int_customers_rfm_windows') }}

),

scores as (

    select * from {{ ref('int_customers_rfm_scored') }}

),

bought as (

    select * from {{ ref('int_customers_bought') }}

),

habits as (

    select * from {{ ref('int_customers_habits') }}

),

intent as (

    select * from {{ ref('int_customers_intent') }}

),

advocating as (

    select * from {{ ref('int_customers_advocating') }}

),

warned as (

    select * from {{ ref('int_customers_warned') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

-- marketing consent by channel, and whether the person took one back by a message
marketing_consents as (

    select
        customer_id,
        max(case when channel = 'email' and status = 'granted' then 1 else 0 end) as email_granted,
        max(case when channel = 'sms' and status = 'granted' then 1 else 0 end) as sms_granted,
        max(case when channel = 'push' and status = 'granted' then 1 else 0 end) as push_granted,
        max(case when channel = 'ads' and status = 'granted' then 1 else 0 end) as ads_granted,
        max(case when status = 'unsubscribed' then 1 else 0 end) as unsubscribed
    from consents
    where purpose = 'marketing'
    group by customer_id

),

-- a refusal on any channel counts for the person
profiling_refusals as (

    select distinct customer_id
    from consents
    where purpose = 'profiling' and status <> 'granted'

),

complaints as (

    select distinct identities.customer_id
    from {{ ref('stg_messages') }} as messages
    cross join as_of
    inner join {{ ref('int_identity_map') }} as identities
        on identities.id_kind = 'customer'
        and messages.source_customer_id = identities.source_id
    where messages.event_type = 'complained' and messages.occurred_on <= as_of.as_of_date

),

-- all buyers' average order, in cents, against which a big basket is measured
all_buyers as (

    select {{ clm.average_amount('sum(net_revenue_amount)', 'sum(order_count)') }} as average_order_amount
    from windows

),

final as (

    select
        customers.customer_id,
        {{ clm.person_key('customers.customer_id') }} as person_key,
        as_of.as_of_date,
        customers.email is not null as has_email,
        customers.phone is not null as has_phone,
        customers.gender,
        customers.country,
        customers.language,
        customers.acquisition_source,
        customers.industry,
        customers.member_tier,
        customers.birth_date,
        {{ clm.age_in_years('customers.birth_date', 'as_of.as_of_date') }} as age_years,
        customers.registered_on,
        customers.first_fact_on,
        stages.lifecycle_stage,
        stages.lifecycle_sub_state,
        stages.is_reachable,
        case
            when stages.purchase_count > 0 then scores.segment
            when stages.is_reachable then 'loyal_visitor'
            else 'engaged_visitor'
        end as segment,
        scores.recency_score,
        scores.frequency_score,
        scores.monetary_score,
        stages.purchase_count,
        coalesce(windows.order_count, 0) as order_count,
        coalesce(activity.purchase_count_90d, 0) as purchase_count_90d,
        windows.net_revenue_amount,
        windows.average_order_amount,
        all_buyers.average_order_amount as all_average_order_amount,
        windows.recency_days,
        windows.first_purchase_on,
        windows.last_purchase_on,
        {{ clm.days_between('windows.first_purchase_on', 'as_of.as_of_date') }} as days_since_first_purchase,
        {{ clm.days_between('windows.first_purchase_on', 'windows.last_purchase_on') }} as buying_span_days,
        {{ clm.days_between('customers.registered_on', 'as_of.as_of_date') }} as days_since_registration,
        {{ clm.days_between('customers.first_fact_on', 'as_of.as_of_date') }} as days_since_first_fact,
        {{ clm.days_between('activity.last_engagement_on', 'as_of.as_of_date') }} as days_since_last_engagement,
        coalesce(activity.gross_amount, 0) as gross_amount,
        coalesce(activity.refund_amount, 0) as refund_amount,
        {{ clm.ratio('activity.refund_amount', 'activity.gross_amount') }} as refund_rate,
        coalesce(activity.session_count, 0) as session_count,
        coalesce(activity.view_count, 0) as view_count,
        coalesce(activity.cart_count, 0) as cart_count,
        coalesce(activity.app_event_count, 0) as app_event_count,
        coalesce(activity.event_attended_count, 0) as event_attended_count,
        coalesce(activity.recent_visit_days, 0) as recent_visit_days,
        coalesce(activity.recent_active_days, 0) as recent_active_days,
        coalesce(activity.earlier_active_days, 0) as earlier_active_days,
        coalesce(activity.recent_search_count, 0) as recent_search_count,
        coalesce(activity.recent_wishlist_count, 0) as recent_wishlist_count,
        activity.last_wishlist_on,
        activity.last_cart_at,
        habits.last_ordered_at,
        coalesce(intent.intent_points, 0) as intent_points,
        habits.discounted_order_count,
        {{ clm.ratio('habits.discounted_order_count', 'habits.order_count') }} as discounted_order_rate,
        {{ clm.ratio('habits.night_order_count', 'habits.order_count') }} as night_order_rate,
        coalesce(habits.channel_count, 0) as channel_count,
        habits.favourite_channel,
        habits.preferred_hour,
        bought.favourite_category,
        bought.favourite_category_quantity,
        bought.item_revenue_amount,
        {{ clm.ratio('bought.item_margin_amount', 'bought.item_revenue_amount') }} as item_margin_rate,
        warned.churn_risk,
        warned.silence_days,
        warned.expected_gap_days,
        warned.silence_ratio,
        advocating.nps_score,
        coalesce(advocating.review_count, 0) as review_count,
        coalesce(advocating.referral_count, 0) as referral_count,
        coalesce(advocating.is_referred, false) as is_referred,
        coalesce(marketing_consents.email_granted, 0) = 1 as has_email_consent,
        coalesce(marketing_consents.sms_granted, 0) = 1 as has_sms_consent,
        coalesce(marketing_consents.push_granted, 0) = 1 as has_push_consent,
        coalesce(marketing_consents.ads_granted, 0) = 1 as has_ads_consent,
        coalesce(marketing_consents.unsubscribed, 0) = 1 as has_unsubscribed,
        complaints.customer_id is not null as has_complained,
        profiling_refusals.customer_id is not null as is_profiling_denied,
        held_out.is_global_control
    from customers
    cross join as_of
    cross join all_buyers
    inner join stages on customers.customer_id = stages.customer_id
    inner join held_out on customers.customer_id = held_out.customer_id
    left join activity on customers.customer_id = activity.customer_id
    left join windows on customers.customer_id = windows.customer_id
    left join scores on customers.customer_id = scores.customer_id
    left join habits on customers.customer_id = habits.customer_id
    left join bought on customers.customer_id = bought.customer_id
    left join intent on customers.customer_id = intent.customer_id
    left join advocating on customers.customer_id = advocating.customer_id
    left join warned on customers.customer_id = warned.customer_id
    left join marketing_consents on customers.customer_id = marketing_consents.customer_id
    left join complaints on customers.customer_id = complaints.customer_id
    left join profiling_refusals on customers.customer_id = profiling_refusals.customer_id

)

select * from final
