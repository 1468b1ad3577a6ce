{#-
    Grain: one row per person who exists on the as-of date (has a fact dated up to it). Why it exists:
    the population of every mart, with attributes and addresses as known on that day.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

records as (

    select * from {{ ref('stg_customers') }}

),

orders as (

    select * from {{ ref('int_orders_attributed') }}

),

event_days as (

    select * from {{ ref('int_event_days') }}

),

consents as (

    select * from {{ ref('stg_consents') }}

),

feedbacks as (

    select * from {{ ref('stg_feedbacks') }}

),

-- a record without any date is known from the data's earliest fact on
facts as (

    select
        source_customer_id as customer_id,
        registered_on as fact_on
    from records
    union all
    select
        customer_id,
        min(ordered_on) as fact_on
    from orders
    group by customer_id
    union all
    select
        coalesce(event_days.source_customer_id, identities.customer_id) as customer_id,
        min(event_days.occurred_on) as fact_on
    from event_days
    left join identities
        on event_days.source_customer_id is null
        and identities.id_kind = 'anonymous'
        and event_days.anonymous_id = identities.source_id
    group by coalesce(event_days.source_customer_id, identities.customer_id)
    union all
    select
        source_customer_id as customer_id,
        min(changed_on) as fact_on
    from consents
    group by source_customer_id
    union all
    select
        source_customer_id as customer_id,
        min(submitted_on) as fact_on
    from feedbacks
    group by source_customer_id

),

first_facts as (

    select
        customer_id,
        min(fact_on) as first_fact_on
    from facts
    group by customer_id

),

earliest as (

    select min(first_fact_on) as earliest_on from first_facts

),

-- addresses that orders carried, the latest first
order_addresses as (

    select
        orders.customer_id,
        orders.email,
        orders.phone,
        row_number() over (
            partition by orders.customer_id, case when orders.email is null then 1 else 0 end
            order by orders.ordered_at desc, {{ clm.byte_order('orders.order_id') }} desc
        ) as email_place,
        row_number() over (
            partition by orders.customer_id, case when orders.phone is null then 1 else 0 end
            order by orders.ordered_at desc, {{ clm.byte_order('orders.order_id') }} desc
        ) as phone_place
    from orders
    cross join as_of
    where orders.ordered_on <= as_of.as_of_date and (orders.email is not null or orders.phone is not null)

),

latest_addresses as (

    select
        customer_id,
        max(case when email_place = 1 and email is not null then email end) as email,
        max(case when phone_place = 1 and phone is not null then phone end) as phone
    from order_addresses
    group by customer_id

),

final as (

    select
        first_facts.customer_id,
        coalesce(
            case when coalesce(records.registered_on, as_of.as_of_date) <= as_of.as_of_date then records.email end,
            latest_addresses.email
        ) as email,
        coalesce(
            case when coalesce(records.registered_on, as_of.as_of_date) <= as_of.as_of_date then records.phone end,
            latest_addresses.phone
        ) as phone,
        records.full_name,
        records.gender,
        records.country,
        records.city,
        records.timezone,
        records.language,
        records.acquisition_source,
        records.industry,
        records.owner_id,
        records.member_tier,
        records.birth_date,
        records.registered_on,
        coalesce(first_facts.first_fact_on, earliest.earliest_on, as_of.as_of_date) as first_fact_on
    from first_facts
    cross join as_of
    cross join earliest
    left join records on first_facts.customer_id = records.source_customer_id
    left join latest_addresses on first_facts.customer_id = latest_addresses.customer_id
    where coalesce(first_facts.first_fact_on, earliest.earliest_on, as_of.as_of_date) <= as_of.as_of_date

)

select * from final
