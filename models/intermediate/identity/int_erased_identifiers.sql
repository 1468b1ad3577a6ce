{#-
    Grain: one row per identifier (a customer id in clear, the keyed hash of an e-mail or a phone) that
    a request to be forgotten leads to. Why it exists: whoever asks is forgotten in every record of
    his, not only in the one he names. From the ids asked for the walk goes to their addresses, to
    the rows with such an address, and so on, three steps. A row with a followed identifier loses its
    attributes; an address that was only reached is removed wherever it stands.
-#}

with

requested as (

    select * from {{ ref('int_erasure_requested') }}

),

last_step as (

    select * from {{ ref('int_erasure_step_4') }}

),

carriers as (

    select * from {{ ref('int_erasure_carriers') }}

),

outcomes as (

    select
        identifier_kind,
        identifier,
        1 as is_followed,
        1 as is_requested
    from requested
    where identifier_kind = 'customer_id'

    union all

    select
        identifier_kind,
        identifier,
        case when is_followed then 1 else 0 end as is_followed,
        0 as is_requested
    from last_step

),

blocked as (

    select distinct
        identifier_kind,
        identifier
    from carriers
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
