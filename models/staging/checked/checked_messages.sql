{#-
    Grain: one row per raw row of messages, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between.
-#}

with

{{ clm.checked_rows(
    'messages',
    ref('base_messages'),
    rules=[
        [
            'unknown_event_type',
            "typed.event_type not in ('sent', 'delivered', 'opened', 'clicked', 'bounced_hard', 'bounced_soft',"
            ~ " 'unsubscribed', 'complained')",
        ],
    ]
) }},

final as (

    select
{{ clm.checked_columns('messages') }}
    from judged

)

select * from final
