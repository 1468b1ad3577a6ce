{#-
    Grain: one row per raw row of products, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows(
    'products',
    ref('base_products'),
    rules=[
        ['negative_price', "typed.price < 0 or typed.unit_cost < 0"],
    ]
) }},

final as (

    select
{{ clm.checked_columns('products') }}
    from judged

)

select * from final
