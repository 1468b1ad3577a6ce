{#-
    Grain: one row per raw row of feedback, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows(
    'feedback',
    ref('base_feedback'),
    rules=[
        ['unknown_kind', "typed.kind not in ('nps', 'csat', 'review')"],
        ['impossible_score', "typed.score < 0 or (typed.kind = 'nps' and typed.score > 10)"],
    ]
) }},

final as (

    select
{{ clm.checked_columns('feedback') }}
    from judged

)

select * from final
