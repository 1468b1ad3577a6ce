{#-
    Grain: one row per kind of id and id. Why it exists: it says which person every id of the sources
    belongs to and why, and lists what could have been merged and was not. Identity is as known now,
    whatever the as-of date.
-#}

with

identities as (

    select * from {{ ref('int_identity_map') }}

),

links as (

    select * from {{ ref('int_identity_links') }}

),

guests as (

    select * from {{ ref('int_guests') }}

),

visitors as (

    select * from {{ ref('int_identity_visitors') }}

),

customer_ids as (

    select
        identities.id_kind,
        identities.source_id,
        identities.customer_id,
        case when identities.customer_id = identities.source_id then 'own_id' else links.linked_by end as linked_by,
        case
            when identities.customer_id <> identities.source_id or links.merge_status <> 'merged' then links.evidence
        end as evidence,
        identities.first_fact_on as first_seen_on,
        coalesce(links.merge_status, 'alone') as merge_status
    from identities
    left join links on identities.source_id = links.source_customer_id
    where identities.id_kind = 'customer'

),

-- guests with the same e-mail and several phones have one id
guest_ids as (

    select
        'guest' as id_kind,
        guests.guest_id as source_id,
        coalesce(links.customer_id, guests.guest_id) as customer_id,
        case
            when coalesce(links.customer_id, guests.guest_id) = guests.guest_id then 'guest_address'
            else links.linked_by
        end as linked_by,
        case
            when links.customer_id <> guests.guest_id or links.merge_status <> 'merged' then links.evidence
        end as evidence,
        min(guests.first_ordered_on) over (partition by guests.guest_id) as first_seen_on,
        coalesce(links.merge_status, 'alone') as merge_status,
        row_number() over (
            partition by guests.guest_id
            order by
                case when links.node is null then 1 else 0 end asc,
                guests.first_ordered_at asc,
                {{ clm.byte_order('guests.node') }} asc
        ) as place
    from guests
    left join links on guests.node = links.node

),

visitor_ids as (

    select
        'anonymous' as id_kind,
        anonymous_id as source_id,
        customer_id,
        case when source_customer_id is null then 'own_id' else 'login' end as linked_by,
        case
            when source_customer_id is not null then {{ clm.json_object({'source_id': 'source_customer_id'}) }}
        end as evidence,
        first_seen_on,
        case
            when is_shared then 'shared_visitor'
            when source_customer_id is not null then 'merged'
            else 'alone'
        end as merge_status
    from visitors

),

final as (

    select
        id_kind,
        source_id,
        customer_id,
        linked_by,
        evidence,
        first_seen_on,
        merge_status
    from customer_ids

    union all

    select
        id_kind,
        source_id,
        customer_id,
        linked_by,
        evidence,
        first_seen_on,
        merge_status
    from guest_ids
    where place = 1

    union all

    select
        id_kind,
        source_id,
        customer_id,
        linked_by,
        evidence,
        first_seen_on,
        merge_status
    from visitor_ids

)

select * from final
