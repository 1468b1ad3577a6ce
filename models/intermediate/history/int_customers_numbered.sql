{#-
    Grain: one row per person. Why it exists: history sorts tens of millions of rows by person, and a
    number sorts faster than a text. Numbers follow the byte order of ids; they mean nothing outside of
    one build.
-#}

with

customers as (

    select * from {{ ref('int_customers') }}

),

final as (

    select
        customer_id,
        cast(row_number() over (order by {{ clm.byte_order('customer_id') }} asc) as integer) as customer_number,
        first_fact_on
    from customers

)

select * from final
