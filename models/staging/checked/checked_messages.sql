{#- Grain: one row per raw row of messages, typed and judged. Why it exists: staging and quarantine are two halves of it, so no row can fall between. -#}

with

inputs as (

    select * from {{ ref('base_messages') }}

),

{{ clm.checked_rows(
    'messages',
    rules=[
        ['unknown_event_type', "typed.event_type not in ('sent', 'delivered', 'opened', 'clicked', 'bounced_hard', 'bounced_soft', 'unsubscribed', 'complained')"],
    ]
) }},

final as (

    select
{{ clm.checked_columns('messages') }}
    from judged

)

select * from final
