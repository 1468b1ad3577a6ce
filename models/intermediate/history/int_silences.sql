{#-
    Grain: one row per person and silence: no engagement for clm_churn_engagement_days or more. Why it
    exists: of all engagement only the days matter on which a long silence begins or ends, so history
    costs little however many events there are.
-#}

with

customers as (

    select * from {{ ref('int_customers_numbered') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

engaged as (

    select
        customer_id,
        activity_on,
        lead(activity_on) over (partition by customer_id order by activity_on asc) as next_engaged_on
    from customer_days
    where is_engagement

),

long_silences as (

    select
        customer_id,
        {{ clm.add_days('activity_on', var('clm_churn_engagement_days')) }} as silent_from,
        next_engaged_on as silent_to
    from engaged
    where
        next_engaged_on is null
        or {{ clm.days_between('activity_on', 'next_engaged_on') }} > {{ var('clm_churn_engagement_days') }}

),

final as (

    select
        customers.customer_number,
        long_silences.silent_from,
        long_silences.silent_to
    from long_silences
    inner join customers on long_silences.customer_id = customers.customer_id

)

select * from final
