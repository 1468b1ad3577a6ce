{#-
    Grain: one row per node that shares an address. Why it exists: it says whether the nodes of a
    component are one person. A component that ten rounds did not finish, or with more nodes than
    clm_identity_max_ids, is listed and not merged: each node stays what it is alone.
-#}

with

nodes as (

    select * from {{ ref('int_identity_nodes') }}

),

edges as (

    select * from {{ ref('int_identity_edges') }}

),

labels as (

    select * from {{ ref('int_identity_labels_5') }}

),

-- both ends of an edge whose ends differ are listed, as edges go both ways
unfinished as (

    select distinct labels.label
    from edges
    inner join labels on edges.node_number = labels.node_number
    inner join labels as others on edges.other_number = others.node_number
    where labels.label <> others.label

),

sizes as (

    select
        label,
        count(*) as node_count
    from labels
    group by label

),

judged as (

    select
        labels.node_number,
        labels.label,
        case
            when unfinished.label is not null then 'unconverged'
            when sizes.node_count > {{ var('clm_identity_max_ids') }} then 'oversized'
            else 'merged'
        end as merge_status
    from labels
    inner join sizes on labels.label = sizes.label
    left join unfinished on labels.label = unfinished.label

),

final as (

    select
        nodes.node,
        nodes.node_number,
        nodes.source_customer_id,
        nodes.own_id,
        case when judged.merge_status = 'merged' then heads.own_id else nodes.own_id end as customer_id,
        judged.merge_status
    from nodes
    inner join judged on nodes.node_number = judged.node_number
    inner join nodes as heads on judged.label = heads.node_number

)

select * from final
