{#- Grain: one row per raw row of referrals, typed and judged. Why it exists: staging and quarantine are two halves of it, so no row can fall between. -#}

with

inputs as (

    select * from {{ ref('base_referrals') }}

),

{{ clm.checked_rows('referrals') }},

final as (

    select
{{ clm.checked_columns('referrals') }}
    from judged

)

select * from final
