{#- Grain: one row per sound order line. -#}

with

checked as (

    select * from {{ ref('checked_order_items') }}

),

final as (

    select
        checked.order_id,
        checked.line_number,
        checked.product_id,
        checked.quantity,
        checked.unit_price,
        checked.discount_amount
    from checked
    where checked.failed_rules is null

)

select * from final
