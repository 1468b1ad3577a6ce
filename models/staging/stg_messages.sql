{#- Grain: one row per sound thing that became of a message. -#}

with

checked as (

    select * from {{ ref('checked_messages') }}

),

final as (

    select
        checked.message_id,
        checked.customer_id as source_customer_id,
        checked.campaign_id,
        checked.channel,
        checked.event_type,
        checked.occurred_at,
        {{ clm.business_day('checked.occurred_at') }} as occurred_on
    from checked
    where checked.failed_rules is null

)

select * from final
