{#-
    Grain: one row per id under which a person may have been known at an earlier build: a source customer id, the id of a
    guest's address, or of a visitor. Why it exists: logs keep the id of their day, and who was merged since is one person.
-#}

with

identities as (

    select * from {{ ref('int_identity_map') }}

),

guests as (

    select * from {{ ref('int_guests') }}

),

ids as (

    select
        case when id_kind = 'anonymous' then 'anon_' || source_id else source_id end as former_id,
        customer_id
    from identities
    where id_kind in ('customer', 'anonymous')

    union all

    select
        guests.guest_id as former_id,
        identities.customer_id
    from guests
    inner join identities
        on identities.id_kind = 'guest'
        and identities.source_id = coalesce(guests.email_key, '')
        and identities.second_id = coalesce(guests.phone_key, '')

),

final as (

    select
        former_id,
        min({{ clm.byte_order('customer_id') }}) as customer_id
    from ids
    where former_id <> customer_id
    group by former_id

)

select * from final
