{#-
    Grain: one row per row of audience_members, as it goes out. Why it exists: an advertiser knows somebody only by the
    hash of an address, and a build after a request to be forgotten has no address any more. So a view makes it for that
    one removal, from the raw customers as they are when it is read; nothing of it is kept here.
-#}
{{ config(materialized='view') }}
{%- set hashes = {
    'email_sha256_google': clm.email_sha256_google('last_addresses.email'),
    'email_sha256_meta': clm.email_sha256_meta('last_addresses.email'),
    'phone_sha256_google': clm.phone_sha256_google('last_addresses.phone'),
    'phone_sha256_meta': clm.phone_sha256_meta('last_addresses.phone'),
} %}

with

audience_members as (

    select * from {{ ref('audience_members') }}

),

erased as (

    select * from {{ ref('int_erased_people') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

customers as (

    select * from {{ ref('base_customers') }}

),

countries as (

    select * from {{ ref('int_country_spellings') }}

),

leaving as (

    select distinct audience_members.customer_id
    from audience_members
    inner join erased on audience_members.customer_id = erased.customer_id
    where not audience_members.is_member

),

addresses as (

    select
        leaving.customer_id,
        {{ clm.normalised_email(clm.as_text('customers.email')) }} as email,
        {{ clm.normalised_phone(clm.as_text('customers.phone'), 'countries.calling_code') }} as phone,
        coalesce({{ clm.read_value('customers.updated_at', 'timestamp') }},
            {{ clm.read_value('customers.registered_at', 'timestamp') }}) as known_at
    from leaving
    inner join identities on leaving.customer_id = identities.customer_id and identities.id_kind = 'customer'
    inner join customers on identities.source_id = {{ clm.read_value('customers.customer_id', 'text') }}
    left join countries on upper(trim({{ clm.as_text('customers.country') }})) = countries.spelling

),

ranked as (

    select
        customer_id,
        email,
        phone,
        row_number() over (
            partition by customer_id
            order by case when email is null then 1 else 0 end asc, known_at desc, email asc
        ) as email_place,
        row_number() over (
            partition by customer_id
            order by case when phone is null then 1 else 0 end asc, known_at desc, phone asc
        ) as phone_place
    from addresses

),

last_addresses as (

    select
        customer_id,
        max(case when email_place = 1 then email end) as email,
        max(case when phone_place = 1 then phone end) as phone
    from ranked
    group by customer_id

),

final as (

    select
        audience_members.audience_key,
        audience_members.person_key,
        audience_members.customer_id,
        audience_members.campaign_id,
        audience_members.channel,
        audience_members.is_member,
        {%- for name, hash in hashes.items() %}
        coalesce(audience_members.{{ name }}, {{ hash }}) as {{ name }},
        {%- endfor %}
        audience_members.as_of_date,
        audience_members.payload_hash
    from audience_members
    left join last_addresses
        on audience_members.customer_id = last_addresses.customer_id
        and not audience_members.is_member

)

select * from final
