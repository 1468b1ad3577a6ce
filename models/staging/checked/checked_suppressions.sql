{#- Grain: one row per raw row of suppressions, typed and judged. Why it exists: staging and quarantine are two halves of it, so no row can fall between. -#}

with

inputs as (

    select * from {{ ref('base_suppressions') }}

),

{{ clm.checked_rows('suppressions') }},

final as (

    select
{{ clm.checked_columns('suppressions') }}
    from judged

)

select * from final
