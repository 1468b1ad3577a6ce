{#-
    Grain: one row per identifier (a customer id in clear, the keyed hash of an e-mail or a phone) that
    a request to be forgotten leads to. Why it exists: whoever asks is forgotten in every record of
    his, not only in the one he names. It reads raw rows only, so that the very first tables with
    attributes are already without them. From the ids asked for the walk goes to their addresses, to
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

blocked as (

    select * from {{ ref('identity_blocked_values') }}

),

countries as (

    select * from {{ ref('int_country_spellings') }}

),

carriers as (

    select
        {{ clm.read_value('inputs.customer_id', 'text') }} as customer_id,
        {{ clm.normalised_email(clm.as_text('inputs.email')) }} as email,
        {{ clm.normalised_phone(clm.as_text('inputs.phone'), 'countries.calling_code') }} as phone
    from {{ ref('base_customers') }} as inputs
    left join countries on upper(trim({{ clm.as_text('inputs.country') }})) = countries.spelling
    where exists (select 1 from requests)
    union all
    select distinct
        {{ clm.read_value('inputs.customer_id', 'text') }} as customer_id,
        {{ clm.normalised_email(clm.as_text('inputs.email')) }} as email,
        {{ clm.normalised_phone(clm.as_text('inputs.phone')) }} as phone
    from {{ ref('base_orders') }} as inputs
    where (inputs.email is not null or inputs.phone is not null) and exists (select 1 from requests)

),

linked_ids as (

    select
        '=' || source_customer_id || '|' || other_source_customer_id as carrier,
        source_customer_id,
        other_source_customer_id
    from {{ ref('identity_links') }}
    where exists (select 1 from requests)

),

-- what is together in a row belongs together
named as (

    select
        coalesce(customer_id, '') || '|' || coalesce(email, '') || '|' || coalesce(phone, '') as carrier,
        customer_id,
        email,
        phone
    from carriers

),

carried as (

    select
        carrier,
        'customer_id' as identifier_kind,
        customer_id as identifier
    from named
    where customer_id is not null
    union all
    select
        carrier,
        'email' as identifier_kind,
        email as identifier
    from named
    where email is not null
    union all
    select
        carrier,
        'phone' as identifier_kind,
        phone as identifier
    from named
    where phone is not null
    union all
    select
        carrier,
        'customer_id' as identifier_kind,
        source_customer_id as identifier
    from linked_ids
    union all
    select
        carrier,
        'customer_id' as identifier_kind,
        other_source_customer_id as identifier
    from linked_ids

),

-- a guest is asked for by the id that the marts give him
reached_0 as (

    select
        'customer_id' as identifier_kind,
        customer_id as identifier
    from requests
    where customer_id is not null
    union all
    select
        carried.identifier_kind,
        carried.identifier
    from carried
    inner join requests on 'guest_' || {{ clm.sha256('carried.identifier') }} = requests.customer_id
    where carried.identifier_kind <> 'customer_id'

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
            found.identifier_kind,
            found.identifier,
            found.carrier,
            count(*) over (partition by found.identifier_kind, found.identifier) as carrier_count
        from (
            select distinct
                carried.identifier_kind,
                carried.identifier,
                carried.carrier
            from reached_{{ step - 1 }} as reached
            inner join carried
                on reached.identifier_kind = carried.identifier_kind
                and reached.identifier = carried.identifier
        ) as found
        where not exists (
            select 1
            from blocked
            where found.identifier_kind = blocked.address_kind and found.identifier like blocked.pattern
        )
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

judged as (

    select
        outcomes.identifier_kind,
        outcomes.identifier,
        max(outcomes.is_followed) as is_followed,
        max(outcomes.is_requested) as is_requested,
        max(case when blocked.pattern is not null then 1 else 0 end) as is_blocked
    from outcomes
    left join blocked
        on outcomes.identifier_kind = blocked.address_kind
        and outcomes.identifier like blocked.pattern
    group by outcomes.identifier_kind, outcomes.identifier

),

final as (

    select
        identifier_kind,
        case
            when identifier_kind = 'customer_id' then identifier
            else {{ clm.address_hash('identifier') }}
        end as identifier,
        is_requested = 1 as is_requested,
        is_followed = 1 as is_followed,
        is_blocked = 1 as is_blocked
    from judged

)

select * from final
