{#-
    Grain: one row per person whom a request to be forgotten names, by any of his ids. Why it exists: a
    request holds for the person, whichever record it names and whatever the as-of date.
-#}

with

erased as (

    select * from {{ ref('int_erased_identifiers') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

requested as (

    select identifier as requested_id
    from erased
    where is_requested

),

final as (

    select distinct identities.customer_id
    from requested
    inner join identities
        on (identities.id_kind = 'customer' and requested.requested_id = identities.source_id)

    union

    select distinct identities.customer_id
    from requested
    inner join identities on requested.requested_id = identities.customer_id

)

select * from final
