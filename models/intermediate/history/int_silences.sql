{#-
    Grain: one row per person and silence: no engagement for clm_churn_engagement_days or more. Why it
    exists: of all engagement only the days matter on which a long silence begins or ends, so history
    costs little however many events there are.
-#}
{{ config(materialized=clm.shared_step()) }}

with

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

engaged as (

    select
        customer_number,
        activity_on,
        lead(activity_on) over (partition by customer_number order by activity_on asc) as next_engaged_on
    from customer_days
    where is_engagement

),

final as (

    select
        customer_number,
        {{ clm.add_days('activity_on', var('clm_churn_engagement_days')) }} as silent_from,
        next_engaged_on as silent_to
    from engaged
    where
        next_engaged_on is null
        or {{ clm.days_between('activity_on', 'next_engaged_on') }} > {{ var('clm_churn_engagement_days') }}

)

select * from final
