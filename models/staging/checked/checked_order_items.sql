{#-
    Grain: one row per raw row of order_items, typed and judged. Why it exists: staging and quarantine are
    two halves of it, so no row can fall between.
-#}

with

orders as (

    select * from {{ ref('stg_orders') }}

),

{{ clm.checked_rows(
    'order_items',
    ref('base_order_items'),
    rules=[
        ['negative_quantity', "typed.quantity < 0"],
        ['negative_price', "typed.unit_price < 0"],
        ['unknown_order', "typed.order_id is not null and orders.order_id is null"],
    ],
    joins="left join orders on typed.order_id = orders.order_id"
) }},

final as (

    select
{{ clm.checked_columns('order_items') }}
    from judged

)

select * from final
