{#- Grain: one row per sound event. -#}

with

checked as (

    select * from {{ ref('checked_events') }}

),

final as (

    select
        checked.event_id,
        checked.anonymous_id,
        checked.customer_id as source_customer_id,
        checked.event_type,
        checked.occurred_at,
        {{ clm.business_day('checked.occurred_at') }} as occurred_on,
        checked.received_at,
        checked.channel,
        checked.product_id,
        checked.session_id,
        checked.utm_source,
        checked.utm_medium,
        checked.utm_campaign,
        checked.properties
    from checked
    where checked.failed_rules is null

)

select * from final
