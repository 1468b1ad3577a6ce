{#-
    Grain: one row per person who is known under a customer record or an address and did not ask to be forgotten. Why it
    exists: what a CRM or another system outside shows of a customer, and whether it may contact him at all.
-#}
{%- set payload = [
    'profile_key', 'customer_id', 'email', 'phone', 'full_name', 'language', 'country', 'city', 'owner_id',
    'member_tier', 'lifecycle_stage', 'segment', 'recency_score', 'frequency_score', 'monetary_score',
    'first_purchase_on', 'last_purchase_on', 'purchase_count', 'net_revenue_amount', 'churn_risk',
    'predicted_value_amount', 'next_expected_purchase_on', 'favourite_category', 'recommended_product_ids', 'tags',
    'contact_status',
] %}
{%- set numbers = [
    'recency_score', 'frequency_score', 'monetary_score', 'purchase_count', 'net_revenue_amount',
    'predicted_value_amount',
] %}

with

customers as (

    select * from {{ ref('int_customers') }}

),

ids as (

    select * from {{ ref('int_customers_ids') }}

),

lifecycle as (

    select * from {{ ref('customer_lifecycle') }}

),

predictions as (

    select * from {{ ref('customer_value') }}

),

recommended as (

    select * from {{ ref('int_customers_recommended') }}

),

statuses as (

    select * from {{ ref('int_customers_contactable') }}

),

profiles as (

    select
        {{ clm.sha256("'profile|' || customers.customer_id") }} as profile_key,
        {{ clm.person_key('customers.customer_id') }} as person_key,
        customers.customer_id,
        customers.email,
        customers.phone,
        customers.full_name,
        customers.language,
        customers.country,
        customers.city,
        customers.owner_id,
        customers.member_tier,
        lifecycle.lifecycle_stage,
        lifecycle.segment,
        lifecycle.recency_score,
        lifecycle.frequency_score,
        lifecycle.monetary_score,
        lifecycle.first_purchase_on,
        lifecycle.last_purchase_on,
        lifecycle.purchase_count,
        lifecycle.net_revenue_amount,
        lifecycle.churn_risk,
        lifecycle.predicted_value_amount,
        predictions.next_expected_purchase_on,
        recommended.favourite_category,
        recommended.recommended_product_ids,
        lifecycle.tags,
        statuses.contact_status,
        lifecycle.as_of_date
    from customers
    inner join lifecycle on customers.customer_id = lifecycle.customer_id
    inner join statuses on customers.customer_id = statuses.customer_id
    left join ids on customers.customer_id = ids.customer_id
    left join predictions on customers.customer_id = predictions.customer_id
    left join recommended on customers.customer_id = recommended.customer_id
    where
        not customers.is_erased
        and (ids.source_customer_count > 0 or customers.email is not null or customers.phone is not null)

),

final as (

    select
        profiles.*,
        {{ clm.payload_hash(payload, plain=numbers) }} as payload_hash
    from profiles

)

select * from final
