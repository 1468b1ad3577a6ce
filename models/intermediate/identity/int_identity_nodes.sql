{#-
    Grain: one row per node that shares an address. Why it exists: it numbers the nodes in the order in
    which they give a person the id: source customer ids before guests, by the first fact, then the id.
    The number of a node is its first label.
-#}

with

shared as (

    select * from {{ ref('int_identity_shared') }}

),

source_customers as (

    select * from {{ ref('int_source_customers') }}

),

guests as (

    select * from {{ ref('int_guests') }}

),

nodes as (

    select
        node,
        max(source_customer_id) as source_customer_id
    from shared
    group by node

),

dated as (

    select
        nodes.node,
        nodes.source_customer_id,
        coalesce(nodes.source_customer_id, guests.guest_id) as own_id,
        coalesce(guests.first_ordered_at, cast(source_customers.first_fact_on as timestamp)) as first_at
    from nodes
    left join source_customers on nodes.source_customer_id = source_customers.source_customer_id
    left join guests on nodes.source_customer_id is null and nodes.node = guests.node

),

numbered as (

    select
        dated.*,
        row_number() over (
            order by
                case when source_customer_id is null then 1 else 0 end asc,
                case when first_at is null then 1 else 0 end asc,
                first_at asc,
                {{ clm.byte_order('own_id') }} asc,
                {{ clm.byte_order('node') }} asc
        ) as node_number
    from dated

),

final as (

    select
        node,
        source_customer_id,
        own_id,
        cast(node_number as bigint) as node_number,
        cast(node_number as bigint) as label
    from numbered

)

select * from final
