{#-
    Grain: one row per key of the activation ledger and destination: what became of it. Why it exists: the ledger is
    only appended to; the last event of a key is its state. A view, so it tells what the ledger holds now.
-#}
{{ config(materialized='view') }}

with

ledger as (

    select * from {{ ref('base_activation_event') }}

),

person_keys as (

    select * from {{ ref('int_person_keys') }}

),

events as (

    select
        message_key,
        case
            when mapping_version like '%@%' then {{ dbt.split_part('mapping_version', "'@'", 1) }} else 'files'
        end as destination,
        channel,
        campaign_id,
        person_key,
        op,
        state,
        cast({{ clm.read_number('attempt', 'numeric(18, 0)') }} as integer) as attempt_count,
        cast({{ clm.read_number('http_status', 'numeric(18, 0)') }} as integer) as http_status,
        error_class,
        error_message,
        vendor_id,
        batch_id,
        run_id,
        payload_hash,
        event_id,
        {{ clm.read_timestamp('event_at') }} as event_at
    from ledger
    where message_key is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by message_key, destination
            order by event_at desc, {{ clm.byte_order('event_id') }} desc
        ) as place,
        min(event_at) over (partition by message_key, destination) as first_event_at,
        max(case when state = 'sent' then event_at end) over (partition by message_key, destination) as last_sent_at
    from events

),

final as (

    select
        ranked.message_key,
        ranked.destination,
        ranked.channel,
        ranked.campaign_id,
        ranked.person_key,
        person_keys.customer_id,
        ranked.op,
        ranked.state,
        ranked.attempt_count,
        ranked.http_status,
        ranked.error_class,
        ranked.error_message,
        ranked.vendor_id,
        ranked.batch_id,
        ranked.run_id,
        ranked.payload_hash,
        ranked.first_event_at,
        ranked.last_sent_at,
        ranked.event_at as state_since
    from ranked
    left join person_keys on ranked.person_key = person_keys.person_key
    where ranked.place = 1

)

select * from final
