{#-
    Grain: one row per person with a customer record known on the as-of date. Why it exists: several
    records of a person become one set of attributes; each is the first that is not NULL, by the rank of
    the source, then the latest update, then the latest registration, then the id.
-#}

{%- set attributes = [
    'email', 'phone', 'full_name', 'gender', 'country', 'city', 'timezone', 'language', 'acquisition_source',
    'industry', 'owner_id', 'member_tier', 'birth_date',
] %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

records as (

    select * from {{ ref('int_customer_records') }}

),

known as (

    select records.*
    from records
    cross join as_of
    where records.record_from_on <= as_of.as_of_date

),

-- only people with several records need an order of them
several as (

    select customer_id
    from known
    group by customer_id
    having count(*) > 1

),

placed as (

    select
        known.*,
        row_number() over (
            partition by known.customer_id
            order by
                case when known.source_rank is null then 1 else 0 end asc,
                known.source_rank asc,
                case when known.updated_at is null then 1 else 0 end asc,
                known.updated_at desc,
                case when known.registered_at is null then 1 else 0 end asc,
                known.registered_at desc,
                {{ clm.byte_order('known.source_customer_id') }} asc
        ) as place
    from known
    inner join several on known.customer_id = several.customer_id

),

places as (

    select
        customer_id,
        {%- for name in attributes %}
        min(case when {{ name }} is not null then place end) as {{ name }}_place,
        {%- endfor %}
        min(registered_on) as registered_on
    from placed
    group by customer_id

),

survived as (

    select
        placed.customer_id,
        {%- for name in attributes %}
        max(case when placed.place = places.{{ name }}_place then placed.{{ name }} end) as {{ name }},
        {%- endfor %}
        max(places.registered_on) as registered_on
    from placed
    inner join places on placed.customer_id = places.customer_id
    group by placed.customer_id

),

final as (

    select
        known.customer_id,
        {%- for name in attributes %}
        known.{{ name }},
        {%- endfor %}
        known.registered_on
    from known
    left join several on known.customer_id = several.customer_id
    where several.customer_id is null

    union all

    select
        customer_id,
        {%- for name in attributes %}
        {{ name }},
        {%- endfor %}
        registered_on
    from survived

)

select * from final
