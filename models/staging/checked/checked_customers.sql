{#- Grain: one row per raw row of customers, typed and judged. Why it exists: staging and quarantine are two halves of it, so no row can fall between. -#}

with

inputs as (

    select * from {{ ref('base_customers') }}

),

{{ clm.checked_rows('customers') }},

final as (

    select
{{ clm.checked_columns('customers') }}
    from judged

)

select * from final
