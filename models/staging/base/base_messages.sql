{#-
    Grain: one row per raw row of messages, unread: of the raw table, and of what the channels of the activation script
    answered. Why it exists: an answer is told like any other message, whoever tells it; so a word that messages do not
    know is quarantined, and an answer that the raw table has too is a copy of it.
-#}

with

imported as (

    select * from {{ ref('base_messages_imported') }}

),

responses as (

    select * from {{ ref('base_activation_response') }}

),

-- times as text: the two tables may have them in different types
final as (

    select
        message_id,
        customer_id,
        campaign_id,
        channel,
        event_type,
        {{ clm.as_text('occurred_at') }} as occurred_at
    from imported

    union all

    select
        message_id,
        customer_id,
        campaign_id,
        channel,
        event_type,
        {{ clm.as_text('occurred_at') }} as occurred_at
    from responses
    where coalesce({{ clm.read_value('event_type', 'code') }}, '') <> 'suppressed'

)

select * from final
