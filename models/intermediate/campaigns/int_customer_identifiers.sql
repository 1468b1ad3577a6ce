{#-
    Grain: one row per person and sha256 of an e-mail, a phone or an id of hers. Why it exists: suppressions name people
    by such a hash; it is made once for all who look for it.
-#}

with

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
found as (

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
        customer_id,
        identifier_hash
    from found

)

select * from final
