{#-
    Grain: one row per person. Why it exists: of how many records, guest addresses and visits of unknown
    people a person is made.
-#}

with

identities as (

    select * from {{ ref('int_identity_map') }}

),

final as (

    select
        customer_id,
        cast(sum(case when id_kind = 'customer' then 1 else 0 end) as integer) as source_customer_count,
        cast(sum(case when id_kind = 'guest' then 1 else 0 end) as integer) as guest_count,
        cast(sum(case when id_kind = 'anonymous' then 1 else 0 end) as integer) as visitor_count
    from identities
    group by customer_id

)

select * from final
