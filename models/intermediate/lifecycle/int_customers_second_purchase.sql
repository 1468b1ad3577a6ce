{#-
    Grain: one row per buyer with a purchase that counts. Why it exists: the days from the first to the second
    purchase, and for how long the first has been watched.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

-- with purchases by order the second may be on the day of the first
placed as (

    select
        customer_id,
        activity_on,
        {{ clm.purchases_of_day('order_count') }} as purchase_count,
        row_number() over (partition by customer_id order by activity_on asc) as place
    from customer_days
    where order_count > 0

),

firsts as (

    select
        customer_id,
        min(activity_on) as first_purchase_on,
        min(case when place > 1 or purchase_count > 1 then activity_on end) as second_purchase_on
    from placed
    where place <= 2
    group by customer_id

),

final as (

    select
        firsts.customer_id,
        firsts.first_purchase_on,
        firsts.second_purchase_on,
        {{ clm.days_between('firsts.first_purchase_on', 'firsts.second_purchase_on') }} as days_to_second,
        {{ clm.days_between('firsts.first_purchase_on', 'as_of.as_of_date') }} as watched_days
    from firsts
    cross join as_of

)

select * from final
