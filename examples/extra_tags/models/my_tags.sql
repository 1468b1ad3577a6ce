{#- Grain: one row per person. Tags of one value: a column is a tag, documented in my_tags.yml. -#}

with

features as (

    select * from {{ ref('clm', 'int_customer_features') }}

),

final as (

    select
        customer_id,
        order_count >= 10 and refund_amount = 0 as never_refunds,
        case
            when event_attended_count > 1 then 'regular'
            when event_attended_count = 1 then 'guest'
        end as event_guest
    from features

)

select * from final
