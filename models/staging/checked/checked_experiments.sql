{#-
    Grain: one row per raw row of experiments, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows(
    'experiments',
    ref('base_experiments'),
    rules=[
        ['outcome_not_0_or_1', "typed.outcome not in (0, 1)"],
        ['impossible_share', "typed.arm_share <= 0 or typed.arm_share >= 1"],
    ]
) }},

final as (

    select
{{ clm.checked_columns('experiments') }}
    from judged

)

select * from final
