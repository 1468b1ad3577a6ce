{#-
    Grain: one row per person. Why it exists: the lifecycle stage and sub-state of the as-of date,
    decided by the person's own counts and dates alone.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

activity as (

    select * from {{ ref('int_customers_activity') }}

),

reactivated as (

    select * from {{ ref('int_customers_reactivated') }}

),

advocating as (

    select * from {{ ref('int_customers_advocating') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

granted as (

    select distinct customer_id
    from consents
    where status = 'granted'

),

measured as (

    select
        customers.customer_id,
        customers.email is not null or customers.phone is not null or granted.customer_id is not null as is_reachable,
        coalesce(activity.purchase_count, 0) as purchase_count,
        coalesce(activity.loyal_window_purchase_count, 0) as loyal_window_purchase_count,
        coalesce(activity.recent_purchase_count, 0) > coalesce(activity.earlier_purchase_count, 0) as is_growing,
        {{ clm.days_between('activity.first_purchase_on', 'as_of.as_of_date') }} as tenure_days,
        {{ clm.days_between('activity.last_purchase_on', 'as_of.as_of_date') }} as silence_days,
        {{ clm.days_between('activity.last_engagement_on', 'as_of.as_of_date') }} as engagement_silence_days,
        reactivated.reactivated_on is not null as is_reactivated,
        coalesce(
            {{ clm.days_between('advocating.last_advocated_on', 'as_of.as_of_date') }} < {{ var('clm_advocacy_days') }},
            false
        ) as is_advocating
    from customers
    cross join as_of
    left join activity on customers.customer_id = activity.customer_id
    left join reactivated on customers.customer_id = reactivated.customer_id
    left join advocating on customers.customer_id = advocating.customer_id
    left join granted on customers.customer_id = granted.customer_id

),

staged as (

    select
        measured.*,
        case
            when purchase_count = 0 then 'prospect'
            when
                silence_days >= {{ var('clm_churn_days') }}
                and engagement_silence_days >= {{ var('clm_churn_engagement_days') }}
                then 'churned'
            when
                loyal_window_purchase_count >= {{ var('clm_loyal_purchases') }}
                and tenure_days >= {{ var('clm_loyal_tenure_days') }}
                then 'loyal'
            when purchase_count = 1 then 'new'
            else 'active'
        end as lifecycle_stage
    from measured

),

final as (

    select
        customer_id,
        lifecycle_stage,
        case
            when lifecycle_stage = 'prospect' and is_reachable then 'lead'
            when lifecycle_stage = 'prospect' then 'anonymous_visitor'
            when lifecycle_stage = 'churned' then 'lapsed'
            when is_reactivated then 'reactivated'
            when silence_days >= {{ var('clm_slipping_days') }} then 'slipping'
            when lifecycle_stage = 'new' and tenure_days < {{ var('clm_onboarding_days') }} then 'onboarding'
            when lifecycle_stage = 'new' then 'awaiting_second_purchase'
            when lifecycle_stage = 'active' and is_growing then 'growing'
            when lifecycle_stage = 'active' then 'steady'
            when is_advocating then 'advocate'
            else 'loyal'
        end as lifecycle_sub_state,
        purchase_count,
        is_reachable
    from staged

)

select * from final
