{#-
    Grain: one row per raw row of consents, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows(
    'consents',
    ref('base_consents'),
    rules=[
        ['unknown_status', "typed.status not in ('granted', 'denied', 'withdrawn')"],
        ['unknown_purpose', "typed.purpose not in ('marketing', 'service', 'profiling')"],
    ]
) }},

final as (

    select
{{ clm.checked_columns('consents') }}
    from judged

)

select * from final
