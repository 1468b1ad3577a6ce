{#-
    Grain: one row per sound order that belongs to somebody. Why it exists: guests and customers alike get
    their person here.
-#}

with

orders as (

    select * from {{ ref('stg_orders') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

final as (

    select
        orders.order_id,
        orders.source_customer_id,
        coalesce(orders.source_customer_id, guests.customer_id) as customer_id,
        orders.email,
        orders.phone,
        orders.status,
        orders.currency,
        orders.channel,
        orders.amount,
        orders.discount_amount,
        orders.reporting_rate,
        orders.reporting_amount,
        orders.is_purchase,
        orders.ordered_on,
        orders.ordered_at,
        orders.updated_at
    from orders
    left join identities as guests
        on orders.source_customer_id is null
        and guests.id_kind = 'guest'
        and coalesce(orders.email, '') = guests.source_id
        and coalesce(orders.phone, '') = guests.second_id
    where orders.source_customer_id is not null or guests.customer_id is not null

)

select * from final
