{#-
    Grain: one row per raw row of customers, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows('customers', ref('base_customers')) }},

final as (

    select
{{ clm.checked_columns('customers') }}
    from judged

)

select * from final
