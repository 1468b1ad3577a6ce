{#-
    Grain: one row per person and category with a look at one of its products in the last
    clm_tag_interest_days days. Why it exists: interest is known of prospects too. One narrow scan of the
    events: views, searches, wishes and carts that name a product.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

events as (

    select * from {{ ref('stg_events') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

looked_at as (

    select
        events.anonymous_id,
        events.source_customer_id,
        events.product_id,
        count(*) as interest_event_count,
        max(events.occurred_on) as last_interest_on
    from events
    cross join as_of
    where
        events.product_id is not null
        and events.event_type in ('product_view', 'search', 'wishlist', 'add_to_cart', 'checkout_started')
        and events.occurred_on <= as_of.as_of_date
        and {{ clm.days_between('events.occurred_on', 'as_of.as_of_date') }} < {{ var('clm_tag_interest_days') }}
    group by events.anonymous_id, events.source_customer_id, events.product_id

),

final as (

    select
        identities.customer_id,
        products.category,
        cast(sum(looked_at.interest_event_count) as integer) as interest_event_count,
        max(looked_at.last_interest_on) as last_interest_on
    from looked_at
    inner join products on looked_at.product_id = products.product_id
    inner join identities
        on identities.id_kind = case when looked_at.source_customer_id is null then 'anonymous' else 'customer' end
        and coalesce(looked_at.source_customer_id, looked_at.anonymous_id) = identities.source_id
    where products.category is not null
    group by identities.customer_id, products.category

)

select * from final
