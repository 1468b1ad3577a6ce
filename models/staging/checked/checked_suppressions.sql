{#-
    Grain: one row per raw row of suppressions, typed and judged. Why it exists: staging and quarantine are
    two halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows('suppressions', ref('base_suppressions')) }},

final as (

    select
{{ clm.checked_columns('suppressions') }}
    from judged

)

select * from final
