{#-
    Grain: one row per person with a customer day. Why it exists: the counts and dates that decide
    stages, and the sums that tags ask for, in one pass over the customer days.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

aged as (

    select
        customer_days.*,
        {{ clm.purchases_of_day('customer_days.order_count') }} as purchase_count,
        {{ clm.days_between('customer_days.activity_on', 'as_of.as_of_date') }} as age_days
    from customer_days
    cross join as_of

),

final as (

    select
        customer_id,
        cast(sum(purchase_count) as integer) as purchase_count,
        cast(sum(
            case when age_days < {{ var('clm_loyal_window_days') }} then purchase_count else 0 end
        ) as integer) as loyal_window_purchase_count,
        cast(sum(
            case when age_days < {{ var('clm_growing_days') }} then purchase_count else 0 end
        ) as integer) as recent_purchase_count,
        cast(sum(
            case
                when age_days >= {{ var('clm_growing_days') }} and age_days < 2 * {{ var('clm_growing_days') }}
                    then purchase_count else 0
            end
        ) as integer) as earlier_purchase_count,
        cast(sum(case when age_days < 90 then purchase_count else 0 end) as integer) as purchase_count_90d,
        cast(sum(session_count) as integer) as session_count,
        cast(sum(page_view_count + product_view_count) as integer) as view_count,
        cast(sum(add_to_cart_count + checkout_started_count) as integer) as cart_count,
        cast(sum(app_event_count) as integer) as app_event_count,
        cast(sum(event_attended_count) as integer) as event_attended_count,
        cast(sum(
            case when age_days < {{ var('clm_tag_recent_days') }} and session_count > 0 then 1 else 0 end
        ) as integer) as recent_visit_days,
        cast(sum(
            case when age_days < {{ var('clm_tag_falling_days') }} and is_engagement then 1 else 0 end
        ) as integer) as recent_active_days,
        cast(sum(
            case
                when
                    is_engagement
                    and age_days >= {{ var('clm_tag_falling_days') }}
                    and age_days < {{ var('clm_tag_falling_days') + var('clm_tag_falling_baseline_days') }}
                    then 1
                else 0
            end
        ) as integer) as earlier_active_days,
        cast(sum(
            case when age_days < {{ var('clm_tag_recent_days') }} then search_count else 0 end
        ) as integer) as recent_search_count,
        cast(sum(
            case when age_days < {{ var('clm_tag_recent_days') }} then wishlist_count else 0 end
        ) as integer) as recent_wishlist_count,
        cast(sum(gross_amount) as numeric(28, 2)) as gross_amount,
        cast(sum(refund_amount) as numeric(28, 2)) as refund_amount,
        max(case when wishlist_count > 0 then activity_on end) as last_wishlist_on,
        min(case when purchase_count > 0 then activity_on end) as first_purchase_on,
        max(case when purchase_count > 0 then activity_on end) as last_purchase_on,
        max(case when is_engagement then activity_on end) as last_engagement_on,
        max(last_cart_at) as last_cart_at
    from aged
    group by customer_id

)

select * from final
