{#- Grain: one row per sound refund. -#}

with

checked as (

    select * from {{ ref('checked_refunds') }}

),

final as (

    select
        checked.refund_id,
        checked.order_id,
        checked.refunded_at,
        {{ clm.business_day('checked.refunded_at') }} as refunded_on,
        checked.amount,
        checked.reason
    from checked
    where checked.failed_rules is null

)

select * from final
