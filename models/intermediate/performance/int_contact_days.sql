{#-
    Grain: one row per person and business day with a purchase that counts, an answer or review, a request for help
    or an event by phone, up to the as-of date. Why it exists: the facts that show that somebody was spoken to.
-#}

with

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

as_of as (

    select * from {{ ref('int_as_of') }}

),

purchases as (

    select * from {{ ref('int_purchases') }}

),

events as (

    select * from {{ ref('stg_events') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

facts as (

    select
        customer_id,
        ordered_on as contact_on,
        1 as order_count,
        net_revenue_amount
    from purchases
    where is_counted

    union all

    select
        customer_id,
        activity_on as contact_on,
        0 as order_count,
        cast(0 as numeric(18, 2)) as net_revenue_amount
    from customer_days
    where feedback_count > 0

    union all

    select
        identities.customer_id,
        events.occurred_on as contact_on,
        0 as order_count,
        cast(0 as numeric(18, 2)) as net_revenue_amount
    from events
    cross join as_of
    inner join identities
        on identities.id_kind = case when events.source_customer_id is null then 'anonymous' else 'customer' end
        and identities.source_id = coalesce(events.source_customer_id, events.anonymous_id)
    where
        (events.event_type = 'support_contact' or events.channel = 'phone')
        and events.occurred_on <= as_of.as_of_date

),

final as (

    select
        customer_id,
        contact_on,
        cast(sum(order_count) as integer) as order_count,
        cast(sum(net_revenue_amount) as numeric(28, 2)) as net_revenue_amount
    from facts
    group by customer_id, contact_on

)

select * from final
