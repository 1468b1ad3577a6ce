{#-
    Grain: one row per raw row of erasure_requests, typed and judged. Why it exists: staging and quarantine
    are two halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows('erasure_requests', ref('base_erasure_requests')) }},

final as (

    select
{{ clm.checked_columns('erasure_requests') }}
    from judged

)

select * from final
