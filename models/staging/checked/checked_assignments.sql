{#-
    Grain: one row per raw row of assignments, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows(
    'assignments',
    ref('base_assignments'),
    rules=[
        ['unknown_arm', "typed.arm not in ('treated', 'control')"],
        ['impossible_share', "typed.arm_share <= 0 or typed.arm_share >= 1"],
    ]
) }},

final as (

    select
{{ clm.checked_columns('assignments') }}
    from judged

)

select * from final
