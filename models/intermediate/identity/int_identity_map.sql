{#-
    Grain: one row per kind of id and id (`customer`: a source customer id; `anonymous`: a visitor id;
    `guest`: the address of guest orders). Why it exists: one place says which person an id belongs
    to. A source customer id is a person of its own; a visitor belongs to the customer that first used
    his id, a guest to the customer who has the e-mail, else the phone.
-#}

with

customers as (

    select * from {{ ref('stg_customers') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

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

customer_facts as (

    select
        source_customer_id,
        registered_on as fact_on
    from customers
    union all
    select
        source_customer_id,
        min(ordered_on) as fact_on
    from orders
    group by source_customer_id
    union all
    select
        source_customer_id,
        min(occurred_on) as fact_on
    from event_days
    group by source_customer_id
    union all
    select
        source_customer_id,
        min(changed_on) as fact_on
    from consents
    group by source_customer_id
    union all
    select
        source_customer_id,
        min(submitted_on) as fact_on
    from feedbacks
    group by source_customer_id

),

customer_ids as (

    select
        source_customer_id,
        min(fact_on) as first_fact_on
    from customer_facts
    where source_customer_id is not null
    group by source_customer_id

),

customer_addresses as (

    select
        source_customer_id,
        email as address
    from customers
    where email is not null
    union
    select
        source_customer_id,
        phone as address
    from customers
    where phone is not null
    union
    select
        source_customer_id,
        email as address
    from orders
    where source_customer_id is not null and email is not null
    union
    select
        source_customer_id,
        phone as address
    from orders
    where source_customer_id is not null and phone is not null

),

-- the person of an address is the one known first
address_owners as (

    select
        address,
        source_customer_id
    from (
        select
            customer_addresses.address,
            customer_addresses.source_customer_id,
            row_number() over (
                partition by customer_addresses.address
                order by
                    case when customer_ids.first_fact_on is null then 1 else 0 end asc,
                    customer_ids.first_fact_on asc,
                    {{ clm.byte_order('customer_addresses.source_customer_id') }} asc
            ) as place
        from customer_addresses
        inner join customer_ids
            on customer_addresses.source_customer_id = customer_ids.source_customer_id
    ) as placed
    where place = 1

),

guests as (

    select distinct
        email,
        phone
    from orders
    where source_customer_id is null and (email is not null or phone is not null)

),

guest_ids as (

    select
        guests.email,
        guests.phone,
        coalesce(
            email_owners.source_customer_id,
            phone_owners.source_customer_id,
            'guest_' || {{ clm.sha256('coalesce(guests.email, guests.phone)') }}
        ) as customer_id
    from guests
    left join address_owners as email_owners on guests.email = email_owners.address
    left join address_owners as phone_owners on guests.phone = phone_owners.address

),

visitor_links as (

    select
        anonymous_id,
        source_customer_id
    from (
        select
            anonymous_id,
            source_customer_id,
            row_number() over (
                partition by anonymous_id
                order by min(occurred_on) asc, {{ clm.byte_order('source_customer_id') }} asc
            ) as place
        from event_days
        where anonymous_id is not null and source_customer_id is not null
        group by anonymous_id, source_customer_id
    ) as placed
    where place = 1

),

visitors as (

    select distinct anonymous_id
    from event_days
    where anonymous_id is not null

),

final as (

    select
        'customer' as id_kind,
        source_customer_id as source_id,
        cast(null as {{ clm.type_text() }}) as second_id,
        source_customer_id as customer_id
    from customer_ids

    union all

    select
        'anonymous' as id_kind,
        visitors.anonymous_id as source_id,
        cast(null as {{ clm.type_text() }}) as second_id,
        coalesce(visitor_links.source_customer_id, 'anon_' || visitors.anonymous_id) as customer_id
    from visitors
    left join visitor_links on visitors.anonymous_id = visitor_links.anonymous_id

    union all

    select
        'guest' as id_kind,
        coalesce(email, '') as source_id,
        coalesce(phone, '') as second_id,
        customer_id
    from guest_ids

)

select * from final
