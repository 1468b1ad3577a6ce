{#-
    Grain: one row per node (a source customer id, or the pair of addresses of guest orders), kind of
    address and address, with the first day on which the node had it. Why it exists: nodes that share
    an address are one person; every date counts, identity is as known now. A pair of ids that somebody
    linked by hand is an address of both.
-#}
{%- set ends = ['source_customer_id', 'other_source_customer_id'] %}

with

source_customers as (

    select * from {{ ref('int_source_customers') }}

),

earliest as (

    select * from {{ ref('int_earliest_fact') }}

),

customers as (

    select * from {{ ref('stg_customers') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

links as (

    select * from {{ ref('identity_links') }}

),

record_addresses as (

    select
        customers.source_customer_id,
        customers.email,
        customers.phone,
        customers.email_key,
        customers.phone_key,
        coalesce(customers.registered_on, source_customers.first_fact_on, earliest.earliest_on) as first_on
    from customers
    cross join earliest
    inner join source_customers on customers.source_customer_id = source_customers.source_customer_id
    where customers.email_key is not null or customers.phone_key is not null

),

order_addresses as (

    select
        source_customer_id,
        email,
        phone,
        email_key,
        phone_key,
        min(ordered_on) as first_on
    from orders
    where email_key is not null or phone_key is not null
    group by source_customer_id, email, phone, email_key, phone_key

),

together as (

    select
        {{ clm.customer_node('source_customer_id') }} as node,
        record_addresses.*
    from record_addresses
    union all
    select
        case
            when source_customer_id is null then {{ clm.guest_node('email_key', 'phone_key') }}
            else {{ clm.customer_node('source_customer_id') }}
        end as node,
        order_addresses.*
    from order_addresses

),

addresses as (
    {%- for kind in ['email', 'phone'] %}
    select
        node,
        source_customer_id,
        '{{ kind }}' as address_kind,
        {{ kind }}_key as address,
        {{ kind }} is null as is_hashed,
        first_on
    from together
    where {{ kind }}_key is not null
    union all
    {%- endfor %}
    {%- for one in ends %}
    select
        {{ clm.customer_node('source_customers.source_customer_id') }} as node,
        source_customers.source_customer_id,
        'explicit' as address_kind,
        least({{ clm.byte_order('links.' ~ ends[0]) }}, {{ clm.byte_order('links.' ~ ends[1]) }})
        || '|'
        || greatest({{ clm.byte_order('links.' ~ ends[0]) }}, {{ clm.byte_order('links.' ~ ends[1]) }})
            as address,
        false as is_hashed,
        coalesce(source_customers.first_fact_on, earliest.earliest_on) as first_on
    from links
    cross join earliest
    inner join source_customers on links.{{ one }} = source_customers.source_customer_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        node,
        max(source_customer_id) as source_customer_id,
        address_kind,
        address,
        max(case when is_hashed then 1 else 0 end) = 1 as is_hashed,
        min(first_on) as first_on
    from addresses
    group by node, address_kind, address

)

select * from final
