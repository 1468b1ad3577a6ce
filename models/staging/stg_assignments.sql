{#- Grain: one row per sound assignment of somebody to an arm of a campaign that another system drew. -#}

with

checked as (

    select * from {{ ref('checked_assignments') }}

),

final as (

    select
        checked.customer_id as source_customer_id,
        checked.campaign_id,
        checked.arm,
        checked.variant,
        checked.arm_share,
        checked.assigned_at,
        {{ clm.business_day('checked.assigned_at') }} as assigned_on
    from checked
    where checked.failed_rules is null

)

select * from final
