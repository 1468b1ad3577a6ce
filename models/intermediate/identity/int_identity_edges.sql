{#-
    Grain: one row per node and node that it shares an address with, both ways. Why it exists: a star
    from each shared address to its least node, not every pair, so that edges grow with rows.
-#}

with

shared as (

    select * from {{ ref('int_identity_shared') }}

),

nodes as (

    select * from {{ ref('int_identity_nodes') }}

),

numbered as (

    select
        shared.address_kind,
        shared.address,
        shared.address_hash,
        shared.first_on,
        nodes.node_number
    from shared
    inner join nodes on shared.node = nodes.node

),

hubs as (

    select
        address_kind,
        address,
        min(node_number) as node_number
    from numbered
    group by address_kind, address

),

spokes as (

    select
        numbered.node_number,
        hub_nodes.node_number as hub_number,
        numbered.address_kind as linked_by,
        numbered.address_hash,
        greatest(numbered.first_on, hub_nodes.first_on) as linked_on
    from numbered
    inner join hubs
        on numbered.address_kind = hubs.address_kind
        and numbered.address = hubs.address
        and numbered.node_number <> hubs.node_number
    inner join numbered as hub_nodes
        on hubs.address_kind = hub_nodes.address_kind
        and hubs.address = hub_nodes.address
        and hubs.node_number = hub_nodes.node_number

),

final as (

    select
        node_number,
        hub_number as other_number,
        linked_by,
        address_hash,
        linked_on
    from spokes
    union all
    select
        hub_number as node_number,
        node_number as other_number,
        linked_by,
        address_hash,
        linked_on
    from spokes

)

select * from final
