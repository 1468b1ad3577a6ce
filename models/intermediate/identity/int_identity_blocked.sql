{#-
    Grain: one row per kind of address and address that links nobody: it fits a pattern of the block
    list. Why it exists: the patterns meet only addresses that could link, and each once.
-#}

with

addresses as (

    select * from {{ ref('int_identity_addresses') }}

),

blocked as (

    select * from {{ ref('identity_blocked_values') }}

),

candidates as (

    select
        address_kind,
        address,
        is_hashed
    from addresses
    group by address_kind, address, is_hashed
    having count(*) > 1 or max(case when source_customer_id is null then 1 else 0 end) = 1

),

final as (

    select distinct
        candidates.address_kind,
        candidates.address
    from candidates
    inner join blocked
        on candidates.address_kind = blocked.address_kind
        and candidates.address like blocked.pattern
    where not candidates.is_hashed

    union all

    select
        address_kind,
        address
    from candidates
    where is_hashed and substring(address, 1, 8) = 'blocked:'

)

select * from final
