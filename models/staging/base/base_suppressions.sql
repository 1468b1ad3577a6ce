{#-
    Grain: one row per raw row of suppressions, unread: of the raw table, and of the addresses that a channel of the
    activation script refuses for good. Why it exists: whatever tells that an address must not be used, it is told
    in one place.
-#}

with

imported as (

    select * from {{ ref('base_suppressions_imported') }}

),

responses as (

    select * from {{ ref('base_activation_response') }}

),

-- a hard bounce is of an address, not of a person
final as (

    select
        channel,
        identifier_hash,
        reason,
        {{ clm.as_text('since') }} as since
    from imported

    union all

    select
        channel,
        identifier_hash,
        'response' as reason,
        {{ clm.as_text('occurred_at') }} as since
    from responses
    where
        {{ clm.read_value('event_type', 'code') }} = 'suppressed'
        or (
            {{ clm.read_value('event_type', 'code') }} = 'bounced_hard'
            and {{ clm.read_value('identifier_hash', 'code') }} is not null
        )

)

select * from final
