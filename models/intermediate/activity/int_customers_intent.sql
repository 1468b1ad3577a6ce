{#-
    Grain: one row per person who viewed products, filled a cart or started a checkout in the last
    clm_tag_intent_days days and has not bought since. Why it exists: intent fades, so a day's points
    (clm_tag_intent_view_points and so on) lose weight evenly until they are forgotten.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

activity as (

    select * from {{ ref('int_customers_activity') }}

),

final as (

    select
        customer_days.customer_id,
        {{ clm.ratio(
            'sum((' ~ var('clm_tag_intent_view_points') ~ ' * customer_days.product_view_count + '
            ~ var('clm_tag_intent_cart_points') ~ ' * customer_days.add_to_cart_count + '
            ~ var('clm_tag_intent_checkout_points') ~ ' * customer_days.checkout_started_count) * ('
            ~ var('clm_tag_intent_days') ~ ' - '
            ~ clm.days_between('customer_days.activity_on', 'as_of.as_of_date') ~ '))',
            var('clm_tag_intent_days')
        ) }} as intent_points
    from customer_days
    cross join as_of
    inner join activity on customer_days.customer_id = activity.customer_id
    where
        {{ clm.days_between('customer_days.activity_on', 'as_of.as_of_date') }} < {{ var('clm_tag_intent_days') }}
        and (activity.last_purchase_on is null or customer_days.activity_on > activity.last_purchase_on)
        and customer_days.product_view_count
        + customer_days.add_to_cart_count
        + customer_days.checkout_started_count > 0
    group by customer_days.customer_id

)

select * from final
