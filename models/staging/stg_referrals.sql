{#- Grain: one row per sound recommendation. -#}

with

checked as (

    select * from {{ ref('checked_referrals') }}

),

final as (

    select
        checked.referrer_customer_id as source_referrer_customer_id,
        checked.referred_customer_id as source_referred_customer_id,
        checked.referred_at,
        {{ clm.business_day('checked.referred_at') }} as referred_on
    from checked
    where checked.failed_rules is null

)

select * from final
