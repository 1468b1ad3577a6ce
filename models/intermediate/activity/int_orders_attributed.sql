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
        identities.customer_id,
        identities.customer_number,
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
        orders.is_erased,
        orders.ordered_on,
        orders.ordered_at,
        orders.updated_at
    from orders
    inner join identities
        on identities.id_kind = case when orders.source_customer_id is null then 'guest' else 'customer' end
        and identities.source_id = coalesce(orders.source_customer_id, orders.email_key, '')
        and coalesce(identities.second_id, '')
        = case when orders.source_customer_id is null then coalesce(orders.phone_key, '') else '' end

)

select * from final
