{#-
    Grain: one row per node that shares an address: its first link to another node. Why it exists: it is
    the evidence that marts show for a merge, dated by the day on which both first had the address.
-#}

with

edges as (

    select * from {{ ref('int_identity_edges') }}

),

components as (

    select * from {{ ref('int_identity_components') }}

),

placed as (

    select
        edges.*,
        row_number() over (
            partition by edges.node_number
            order by
                edges.linked_on asc,
                case edges.linked_by when 'explicit' then 1 when 'email' then 2 else 3 end asc,
                edges.other_number asc,
                {{ clm.byte_order('edges.address_hash') }} asc
        ) as place
    from edges

),

final as (

    select
        components.node,
        components.source_customer_id,
        components.own_id,
        components.customer_id,
        components.merge_status,
        placed.linked_by,
        placed.linked_on,
        {{ clm.json_object({'source_id': 'others.own_id', 'address_hash': 'placed.address_hash'}) }} as evidence
    from placed
    inner join components on placed.node_number = components.node_number
    inner join components as others on placed.other_number = others.node_number
    where placed.place = 1

)

select * from final
