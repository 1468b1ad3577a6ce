{#-
    Grain: one row per sound customer record of a source system. Why it exists: whose record it is,
    from which day on it was known, and how far its source is trusted.
-#}

with

customers as (

    select * from {{ ref('stg_customers') }}

),

source_customers as (

    select * from {{ ref('int_source_customers') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

earliest as (

    select * from {{ ref('int_earliest_fact') }}

),

source_ranks as (

    select
        source_customers.source_customer_id,
        min(ranks.source_rank) as source_rank
    from source_customers
    inner join {{ ref('identity_source_ranks') }} as ranks on source_customers.source_customer_id like ranks.id_pattern
    group by source_customers.source_customer_id

),

final as (

    select
        customers.source_customer_id,
        identities.customer_id,
        customers.email,
        customers.phone,
        customers.full_name,
        customers.gender,
        customers.country,
        customers.city,
        customers.timezone,
        customers.language,
        customers.acquisition_source,
        customers.industry,
        customers.owner_id,
        customers.member_tier,
        customers.birth_date,
        source_ranks.source_rank,
        customers.is_erased,
        customers.registered_on,
        coalesce(customers.registered_on, source_customers.first_fact_on, earliest.earliest_on) as record_from_on,
        customers.registered_at,
        customers.updated_at
    from customers
    cross join earliest
    inner join source_customers on customers.source_customer_id = source_customers.source_customer_id
    inner join identities
        on identities.id_kind = 'customer'
        and customers.source_customer_id = identities.source_id
    left join source_ranks on customers.source_customer_id = source_ranks.source_customer_id

)

select * from final
