{#-
    Grain: one row per raw row that names somebody (customer record, addresses of orders, explicit link) and
    identifier in it: a customer id in clear, the keyed hash of an e-mail or a phone. Why it exists: what is
    together in a row belongs together, and the walk of int_erased_identifiers goes over these many times. It
    reads raw rows only, so that the very first tables with attributes are already without those of the
    forgotten; without a request it is empty.
-#}

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

named as (

    select
        {{ dbt.hash("'" ~ var('clm_hash_salt') ~ "|' || coalesce(customer_id, '') || '|' || coalesce(email, '') || '|'"
            ~ " || coalesce(phone, '')") }} as carrier,
        customer_id,
        email,
        phone
    from carriers

),

-- a guest is asked for by the id that the marts give him
addressed as (
    {%- for kind in ['email', 'phone'] %}
    select
        named.carrier,
        '{{ kind }}' as identifier_kind,
        {{ clm.address_hash('named.' ~ kind) }} as identifier,
        case when blocked.pattern is not null then 1 else 0 end as is_blocked,
        case when requests.customer_id is not null then 1 else 0 end as is_requested
    from named
    left join blocked
        on blocked.address_kind = '{{ kind }}'
        and named.{{ kind }} like blocked.pattern
    left join requests on 'guest_' || {{ clm.sha256('named.' ~ kind) }} = requests.customer_id
    where named.{{ kind }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

identified as (

    select
        carrier,
        'customer_id' as identifier_kind,
        customer_id as identifier,
        0 as is_blocked,
        0 as is_requested
    from named
    where customer_id is not null
    {%- for column in ['source_customer_id', 'other_source_customer_id'] %}
    union all
    select
        carrier,
        'customer_id' as identifier_kind,
        {{ column }} as identifier,
        0 as is_blocked,
        0 as is_requested
    from linked_ids
    {%- endfor %}
    union all
    select
        carrier,
        identifier_kind,
        identifier,
        is_blocked,
        is_requested
    from addressed

),

final as (

    select
        carrier,
        identifier_kind,
        identifier,
        max(is_blocked) = 1 as is_blocked,
        max(is_requested) = 1 as is_requested
    from identified
    group by carrier, identifier_kind, identifier

)

select * from final
