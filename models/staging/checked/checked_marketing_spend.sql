{#-
    Grain: one row per raw row of marketing_spend, typed and judged. Why it exists: staging and quarantine
    are two halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows(
    'marketing_spend',
    ref('base_marketing_spend'),
    rules=[
        ['negative_amount', "typed.amount < 0"],
    ]
) }},

final as (

    select
{{ clm.checked_columns('marketing_spend') }}
    from judged

)

select * from final
