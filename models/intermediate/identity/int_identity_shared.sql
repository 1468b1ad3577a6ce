{#-
    Grain: one row per node and address that it shares with another node. Why it exists: only shared
    addresses link, so the graph of identity stays small however many people there are.
-#}

with

addresses as (

    select * from {{ ref('int_identity_addresses') }}

),

blocked as (

    select * from {{ ref('int_identity_blocked') }}

),

shared_addresses as (

    select
        address_kind,
        address
    from addresses
    group by address_kind, address
    having count(*) > 1

),

final as (

    select
        addresses.node,
        addresses.source_customer_id,
        addresses.address_kind,
        addresses.address,
        case
            when addresses.address_kind = 'explicit' then null
            when addresses.is_hashed then addresses.address
            else {{ clm.address_hash('addresses.address') }}
        end as address_hash,
        addresses.first_on
    from addresses
    inner join shared_addresses
        on addresses.address_kind = shared_addresses.address_kind
        and addresses.address = shared_addresses.address
    left join blocked
        on addresses.address_kind = blocked.address_kind
        and addresses.address = blocked.address
    where blocked.address is null

)

select * from final
