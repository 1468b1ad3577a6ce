{#-
    Grain: one row per raw row of referrals, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows('referrals', ref('base_referrals')) }},

final as (

    select
{{ clm.checked_columns('referrals') }}
    from judged

)

select * from final
