{#-
    Grain: one row per identifier (a customer id in clear, the keyed hash of an e-mail or a phone) that
    a request to be forgotten leads to. Why it exists: whoever asks is forgotten in every record of
    his, not only in the one he names. From the ids asked for the walk goes to their addresses, to
    the rows with such an address, and so on, three steps. A row with a followed identifier loses its
    attributes; an address that was only reached is removed wherever it stands.
-#}

{%- set steps = [1, 2, 3, 4] %}

with

requests as (

    select distinct {{ clm.read_value('inputs.customer_id', 'text') }} as customer_id
    from {{ ref('base_erasure_requests') }} as inputs
    where inputs.customer_id is not null

),

carried as (

    select * from {{ ref('int_erasure_carriers') }}

),

reached_0 as (

    select
        'customer_id' as identifier_kind,
        customer_id as identifier
    from requests
    where customer_id is not null
    union
    select
        identifier_kind,
        identifier
    from carried
    where is_requested

),
{% for step in steps %}
-- an address that the block list names, or that too many rows have, leads to nobody
followed_{{ step }} as (

    select
        touched.identifier_kind,
        touched.identifier,
        touched.carrier
    from (
        select
            carried.identifier_kind,
            carried.identifier,
            carried.carrier,
            count(*) over (partition by carried.identifier_kind, carried.identifier) as carrier_count
        from reached_{{ step - 1 }} as reached
        inner join carried
            on reached.identifier_kind = carried.identifier_kind
            and reached.identifier = carried.identifier
        where not carried.is_blocked
    ) as touched
    where touched.identifier_kind = 'customer_id' or touched.carrier_count <= {{ var('clm_identity_max_ids') }}

),

reached_{{ step }} as (

    select distinct
        carried.identifier_kind,
        carried.identifier
    from carried
    where carried.carrier in (select followed_{{ step }}.carrier from followed_{{ step }})

),
{% endfor %}
outcomes as (

    select
        identifier_kind,
        identifier,
        1 as is_followed,
        1 as is_requested
    from reached_0
    where identifier_kind = 'customer_id'
    union all
    select distinct
        identifier_kind,
        identifier,
        1 as is_followed,
        0 as is_requested
    from followed_{{ steps | last }}
    union all
    select
        identifier_kind,
        identifier,
        0 as is_followed,
        0 as is_requested
    from reached_{{ steps | last }}

),

blocked as (

    select distinct
        identifier_kind,
        identifier
    from carried
    where is_blocked

),

final as (

    select
        outcomes.identifier_kind,
        outcomes.identifier,
        max(outcomes.is_requested) = 1 as is_requested,
        max(outcomes.is_followed) = 1 as is_followed,
        max(case when blocked.identifier is not null then 1 else 0 end) = 1 as is_blocked
    from outcomes
    left join blocked
        on outcomes.identifier_kind = blocked.identifier_kind
        and outcomes.identifier = blocked.identifier
    group by outcomes.identifier_kind, outcomes.identifier

)

select * from final
