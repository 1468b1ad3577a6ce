{#-
    Grain: one row per id that a request to be forgotten names. Why it exists: it shows that a request
    was carried out and how far, and keeps only keyed hashes of what was forgotten.
-#}

with

requests as (

    select * from {{ ref('checked_erasure_requests') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

erased as (

    select * from {{ ref('int_erased_people') }}

),

addresses as (

    select * from {{ ref('int_identity_addresses') }}

),

records as (

    select * from {{ ref('int_customer_records') }}

),

orders as (

    select * from {{ ref('int_orders_attributed') }}

),

requested as (

    select
        customer_id as requested_id,
        min({{ clm.business_day('requested_at') }}) as requested_on
    from requests
    where customer_id is not null
    group by customer_id

),

-- a request may name the id of a record, or the id that the marts give a guest or a visitor
people as (

    select
        requested.requested_id,
        identities.customer_id
    from requested
    inner join identities
        on identities.id_kind = 'customer'
        and requested.requested_id = identities.source_id

    union

    select
        requested.requested_id,
        identities.customer_id
    from requested
    inner join identities
        on identities.id_kind <> 'customer'
        and requested.requested_id = identities.customer_id

),

person_addresses as (

    select
        customer_id,
        {{ clm.list_text('address') }} as address_hashes
    from (
        select distinct
            identities.customer_id,
            addresses.address
        from erased
        inner join identities on erased.customer_id = identities.customer_id
        inner join addresses
            on addresses.is_hashed
            and substring(addresses.address, 1, 8) <> 'blocked:'
            and addresses.node = case identities.id_kind
                when 'customer' then {{ clm.customer_node('identities.source_id') }}
                when 'guest' then {{ clm.guest_node('identities.source_id', 'identities.second_id') }}
            end
    ) as hashed
    group by customer_id

),

record_counts as (

    select
        records.customer_id,
        sum(case when records.is_erased then 1 else 0 end) as erased_record_count,
        sum(case when records.is_erased then 0 else 1 end) as distant_record_count
    from records
    inner join erased on records.customer_id = erased.customer_id
    group by records.customer_id

),

order_counts as (

    select
        orders.customer_id,
        count(*) as erased_order_count
    from orders
    inner join erased on orders.customer_id = erased.customer_id
    where orders.is_erased
    group by orders.customer_id

),

final as (

    select
        requested.requested_id,
        {{ clm.person_key('coalesce(people.customer_id, requested.requested_id)') }} as person_key,
        people.customer_id,
        requested.requested_on,
        person_addresses.address_hashes,
        cast(coalesce(record_counts.erased_record_count, 0) as integer) as erased_record_count,
        cast(coalesce(order_counts.erased_order_count, 0) as integer) as erased_order_count,
        cast(coalesce(record_counts.distant_record_count, 0) as integer) as distant_record_count
    from requested
    left join people on requested.requested_id = people.requested_id
    left join person_addresses on people.customer_id = person_addresses.customer_id
    left join record_counts on people.customer_id = record_counts.customer_id
    left join order_counts on people.customer_id = order_counts.customer_id

)

select * from final
