{#-
    Grain: one row per person whose churned period was ended, by a purchase or an engagement, fewer than
    clm_reactivated_days before the as-of date. Why it exists: reactivated people are greeted as such.
    The state before that day is judged as it stood then: a purchase refunded later still counted.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

purchases as (

    select * from {{ ref('int_purchases') }}

),

engagement_days as (

    select
        customer_days.customer_id,
        customer_days.activity_on,
        lag(customer_days.activity_on) over (
            partition by customer_days.customer_id
            order by customer_days.activity_on asc
        ) as previous_engagement_on
    from customer_days
    where customer_days.is_engagement

),

-- the silence before the day was long enough by the evening of the day before
returns as (

    select
        engagement_days.customer_id,
        engagement_days.activity_on
    from engagement_days
    cross join as_of
    where
        {{ clm.days_between('engagement_days.activity_on', 'as_of.as_of_date') }} < {{ var('clm_reactivated_days') }}
        and {{ clm.days_between('engagement_days.previous_engagement_on', 'engagement_days.activity_on') }} - 1
        >= {{ var('clm_churn_engagement_days') }}

),

-- the last purchase that counted on the day before, if any
purchases_before as (

    select
        returns.customer_id,
        returns.activity_on,
        max(purchases.ordered_on) as last_purchase_on
    from returns
    inner join purchases
        on returns.customer_id = purchases.customer_id
        and returns.activity_on > purchases.ordered_on
    where purchases.fully_refunded_on is null or purchases.fully_refunded_on >= returns.activity_on
    group by returns.customer_id, returns.activity_on

),

final as (

    select
        customer_id,
        max(activity_on) as reactivated_on
    from purchases_before
    where {{ clm.days_between('last_purchase_on', 'activity_on') }} - 1 >= {{ var('clm_churn_days') }}
    group by customer_id

)

select * from final
