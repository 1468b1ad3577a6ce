{#-
    Grain: one row per raw row of fx_rates, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows(
    'fx_rates',
    ref('base_fx_rates'),
    rules=[
        ['rate_not_positive', "typed.rate <= 0"],
    ]
) }},

final as (

    select
{{ clm.checked_columns('fx_rates') }}
    from judged

)

select * from final
