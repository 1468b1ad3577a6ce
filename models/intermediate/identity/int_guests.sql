{#-
    Grain: one row per pair of e-mail and phone of guest orders. Why it exists: it gives a guest an id
    that depends on his address alone: the e-mail, else the phone, an address of the block list last.
-#}

with

orders as (

    select * from {{ ref('stg_orders') }}

),

blocked as (

    select * from {{ ref('int_identity_blocked') }}

),

guests as (

    select
        email_key,
        phone_key,
        max(email) as email,
        max(phone) as phone,
        max(erased_guest_hash) as erased_guest_hash,
        min(ordered_at) as first_ordered_at,
        min(ordered_on) as first_ordered_on
    from orders
    where source_customer_id is null and (email_key is not null or phone_key is not null)
    group by email_key, phone_key

),

judged as (

    select
        guests.*,
        guests.email_key is not null and blocked_emails.address is null as has_own_email,
        guests.phone_key is not null and blocked_phones.address is null as has_own_phone
    from guests
    left join blocked as blocked_emails
        on blocked_emails.address_kind = 'email'
        and guests.email_key = blocked_emails.address
    left join blocked as blocked_phones
        on blocked_phones.address_kind = 'phone'
        and guests.phone_key = blocked_phones.address

),

chosen as (

    select
        judged.*,
        case
            when has_own_email then email
            when has_own_phone then phone
            else coalesce(email, phone)
        end as address
    from judged

),

final as (

    select
        email_key,
        phone_key,
        {{ clm.guest_node('email_key', 'phone_key') }} as node,
        'guest_' || coalesce({{ clm.sha256('address') }}, erased_guest_hash) as guest_id,
        first_ordered_at,
        first_ordered_on
    from chosen

)

select * from final
