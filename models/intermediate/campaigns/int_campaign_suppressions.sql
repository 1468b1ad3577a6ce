{#-
    Grain: one row per person and channel (NULL: all channels) never to be contacted, with why. Why it
    exists: erasures and suppressions hold whatever the as-of date; one that could not be read entirely
    still counts.
-#}

with

suppressions as (

    select * from {{ ref('checked_suppressions') }}

),

erased as (

    select * from {{ ref('int_erased_people') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

records as (

    select * from {{ ref('int_customer_records') }}

),

-- an address of any record of the person counts, not only the one that survived
addresses as (

    select
        customer_id,
        {{ clm.sha256('email') }} as identifier_hash
    from customers
    where email is not null
    union all
    select
        customer_id,
        {{ clm.sha256('phone') }} as identifier_hash
    from customers
    where phone is not null
    {%- for kind in ['email', 'phone'] %}
    union all
    select
        records.customer_id,
        {{ clm.sha256('records.' ~ kind) }} as identifier_hash
    from records
    inner join customers on records.customer_id = customers.customer_id
    where records.{{ kind }} <> coalesce(customers.{{ kind }}, '')
    {%- endfor %}
    union all
    select
        customer_id,
        {{ clm.sha256('customer_id') }} as identifier_hash
    from customers
    union all
    select
        customer_id,
        {{ clm.sha256('source_id') }} as identifier_hash
    from identities
    where id_kind = 'customer' and source_id <> customer_id

),

final as (

    select distinct
        addresses.customer_id,
        suppressions.channel,
        'suppressed' as reason
    from addresses
    inner join suppressions on addresses.identifier_hash = suppressions.identifier_hash

    union all

    select
        customer_id,
        cast(null as {{ clm.type_text() }}) as channel,
        'erased' as reason
    from erased

)

select * from final
