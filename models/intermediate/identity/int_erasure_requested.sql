{#-
    Grain: one row per identifier that a request to be forgotten names itself: an id, and the addresses of a
    guest who is asked for by the id that the marts give him. Why it exists: where the walk of
    int_erased_identifiers begins.
-#}

with

requests as (

    select distinct {{ clm.read_value('inputs.customer_id', 'text') }} as customer_id
    from {{ ref('base_erasure_requests') }} as inputs
    where inputs.customer_id is not null

),

carriers as (

    select * from {{ ref('int_erasure_carriers') }}

),

final as (

    select
        'customer_id' as identifier_kind,
        customer_id as identifier,
        true as is_reached
    from requests
    where customer_id is not null
    union
    select
        identifier_kind,
        identifier,
        true as is_reached
    from carriers
    where is_requested

)

select * from final
