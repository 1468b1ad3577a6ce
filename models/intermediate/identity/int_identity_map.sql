{#-
    Grain: one row per kind of id and id (`customer`: a source customer id; `anonymous`: a visitor id;
    `guest`: the e-mail and phone of guest orders, keyed hashes for people who asked to be forgotten).
    Why it exists: one place says which person an id belongs to. People are numbered in the byte order of
    their ids: a number sorts and joins faster than a text, and means nothing outside of one build.
-#}

with

source_customers as (

    select * from {{ ref('int_source_customers') }}

),

guests as (

    select * from {{ ref('int_guests') }}

),

visitors as (

    select * from {{ ref('int_identity_visitors') }}

),

components as (

    select * from {{ ref('int_identity_components') }}

),

ids as (

    select
        'customer' as id_kind,
        source_customers.source_customer_id as source_id,
        cast(null as {{ clm.type_text() }}) as second_id,
        coalesce(components.customer_id, source_customers.source_customer_id) as customer_id,
        source_customers.first_fact_on
    from source_customers
    left join components on source_customers.source_customer_id = components.source_customer_id

    union all

    select
        'anonymous' as id_kind,
        anonymous_id as source_id,
        cast(null as {{ clm.type_text() }}) as second_id,
        customer_id,
        first_seen_on as first_fact_on
    from visitors

    union all

    select
        'guest' as id_kind,
        coalesce(guests.email_key, '') as source_id,
        coalesce(guests.phone_key, '') as second_id,
        coalesce(components.customer_id, guests.guest_id) as customer_id,
        guests.first_ordered_on as first_fact_on
    from guests
    left join components on guests.node = components.node

),

final as (

    select
        id_kind,
        source_id,
        second_id,
        customer_id,
        cast(dense_rank() over (order by {{ clm.byte_order('customer_id') }} asc) as integer) as customer_number,
        first_fact_on
    from ids

)

select * from final
