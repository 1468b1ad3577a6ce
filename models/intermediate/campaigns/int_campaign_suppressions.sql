{#-
    Grain: one row per person and channel (NULL: all channels) never to be contacted, with why. Why it
    exists: erasures and suppressions hold whatever the as-of date; one that could not be read entirely
    still counts.
-#}

with

suppressions as (

    select * from {{ ref('checked_suppressions') }}

),

erasures as (

    select * from {{ ref('checked_erasure_requests') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

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

    select distinct
        identities.customer_id,
        cast(null as {{ clm.type_text() }}) as channel,
        'erased' as reason
    from erasures
    inner join identities
        on identities.id_kind = 'customer'
        and erasures.customer_id = identities.source_id

)

select * from final
