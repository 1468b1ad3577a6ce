{#-
    Grain: one row per raw row of consents and messages that refuses, as they are when it is read; copies stay, for
    whoever asks for some people only should not have all sorted. Why it exists: int_consent_changes is as of the build,
    and a refusal must hold at once. What cannot be read entirely has no instant and holds for good.
-#}
{{ config(materialized='view') }}
{%- set since_1990 = ">= " ~ clm.timestamp_literal('1990-01-01 00:00:00') %}

with

consents as (

    select * from {{ ref('base_consents') }}

),

messages as (

    select * from {{ ref('base_messages') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

refusals as (

    select
        {{ clm.read_value('customer_id', 'text') }} as source_customer_id,
        {{ clm.read_value('channel', 'code') }} as channel,
        coalesce({{ clm.read_value('purpose', 'code') }}, 'marketing') as purpose,
        'no_consent' as refusal,
        case
            when {{ clm.read_value('purpose', 'code') }} is not null
                then {{ clm.read_value('changed_at', 'timestamp') }}
        end as refused_at
    from consents
    where coalesce({{ clm.read_value('status', 'code') }}, '') <> 'granted'

    union all

    select
        {{ clm.read_value('customer_id', 'text') }} as source_customer_id,
        {{ clm.read_value('channel', 'code') }} as channel,
        'marketing' as purpose,
        'unsubscribed' as refusal,
        case
            when {{ clm.read_value('message_id', 'text') }} is not null
                then {{ clm.read_value('occurred_at', 'timestamp') }}
        end as refused_at
    from messages
    where {{ clm.read_value('event_type', 'code') }} in ('unsubscribed', 'complained')

),

final as (

    select
        identities.customer_id,
        refusals.channel,
        refusals.purpose,
        refusals.refusal,
        case when refusals.refused_at {{ since_1990 }} then refusals.refused_at end as refused_at
    from refusals
    inner join identities
        on identities.id_kind = 'customer'
        and refusals.source_customer_id = identities.source_id
    where refusals.channel is not null

)

select * from final
