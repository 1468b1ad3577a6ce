{#-
    Grain: one row per keyed hash under which the ledger may know somebody: of the ids of today and of former ids.
    Why it exists: the ledger holds no id, and what went out under an id that is now another's went out to that
    other.
-#}

with

customers as (

    select * from {{ ref('int_customers') }}

),

former_ids as (

    select * from {{ ref('int_former_ids') }}

),

people as (

    select
        customer_id as known_id,
        customer_id
    from customers

    union all

    select
        former_id as known_id,
        customer_id
    from former_ids

),

final as (

    select
        {{ clm.person_key('known_id') }} as person_key,
        min({{ clm.byte_order('known_id') }}) as known_id,
        min({{ clm.byte_order('customer_id') }}) as customer_id,
        max(case when known_id = customer_id then 0 else 1 end) = 1 as is_former
    from people
    group by {{ clm.person_key('known_id') }}

)

select * from final
