{#-
    Grain: one row per person who exists on the as-of date (has a fact dated up to it). Why it exists:
    the population of every mart, with attributes and addresses as known on that day. A person who asked
    to be forgotten keeps the id and has no attribute.
-#}

{%- set attributes = [
    'full_name', 'gender', 'country', 'city', 'timezone', 'language', 'acquisition_source', 'industry', 'owner_id',
    'member_tier', 'birth_date',
] %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

records as (

    select * from {{ ref('int_customer_records') }}

),

attributes as (

    select * from {{ ref('int_customers_attributes') }}

),

orders as (

    select * from {{ ref('int_orders_attributed') }}

),

erased as (

    select * from {{ ref('int_erased_people') }}

),

-- a record without any date is known from the data's earliest fact on
first_facts as (

    select
        customer_id,
        max(customer_number) as customer_number,
        min(fact_on) as first_fact_on
    from (
        select
            customer_id,
            customer_number,
            first_fact_on as fact_on
        from identities
        union all
        select
            customer_id,
            cast(null as integer) as customer_number,
            record_from_on as fact_on
        from records
    ) as facts
    group by customer_id

),

-- addresses that orders carried, the latest first
order_addresses as (

    select
        orders.customer_id,
        orders.email,
        orders.phone,
        row_number() over (
            partition by orders.customer_id, case when orders.email is null then 1 else 0 end
            order by orders.ordered_at desc, {{ clm.byte_order('orders.order_id') }} desc
        ) as email_place,
        row_number() over (
            partition by orders.customer_id, case when orders.phone is null then 1 else 0 end
            order by orders.ordered_at desc, {{ clm.byte_order('orders.order_id') }} desc
        ) as phone_place
    from orders
    cross join as_of
    where orders.ordered_on <= as_of.as_of_date and (orders.email is not null or orders.phone is not null)

),

latest_addresses as (

    select
        customer_id,
        max(case when email_place = 1 and email is not null then email end) as email,
        max(case when phone_place = 1 and phone is not null then phone end) as phone
    from order_addresses
    group by customer_id

),

final as (

    select
        first_facts.customer_id,
        first_facts.customer_number,
        case when erased.customer_id is null then coalesce(attributes.email, latest_addresses.email) end as email,
        case when erased.customer_id is null then coalesce(attributes.phone, latest_addresses.phone) end as phone,
        {%- for name in attributes %}
        case when erased.customer_id is null then attributes.{{ name }} end as {{ name }},
        {%- endfor %}
        erased.customer_id is not null as is_erased,
        attributes.registered_on,
        first_facts.first_fact_on
    from first_facts
    cross join as_of
    left join attributes on first_facts.customer_id = attributes.customer_id
    left join latest_addresses on first_facts.customer_id = latest_addresses.customer_id
    left join erased on first_facts.customer_id = erased.customer_id
    where first_facts.first_fact_on <= as_of.as_of_date

)

select * from final
