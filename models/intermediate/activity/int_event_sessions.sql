{#-
    Grain: one row per anonymous id, source customer id, business day and session id (none: one for the day)
    with a sound event; a session over midnight is two. Why it exists: the only pass over the events;
    everything else reads the sessions or the visit days made of them.
-#}

with

events as (

    select * from {{ ref('stg_events') }}

),

silent_types as (

    select * from {{ ref('non_engagement_events') }}

),

final as (

    select
        events.anonymous_id,
        events.source_customer_id,
        events.occurred_on,
        events.session_id,
        cast(count(*) as integer) as event_count,
        cast(sum(case when silent_types.event_type is null then 1 else 0 end) as integer) as engagement_count,
        {%- for name, event_type in clm.counted_events().items() %}
        cast(sum(case when events.event_type = '{{ event_type }}' then 1 else 0 end) as integer) as {{ name }},
        {%- endfor %}
        cast(sum(case when events.channel = 'app' then 1 else 0 end) as integer) as app_event_count,
        max(case when events.event_type = 'add_to_cart' then events.occurred_at end) as last_cart_at,
        min(events.occurred_at) as started_at,
        max(events.occurred_at) as ended_at
    from events
    left join silent_types on events.event_type = silent_types.event_type
    group by events.anonymous_id, events.source_customer_id, events.occurred_on, events.session_id

)

select * from final
{{ clm.stored_by('coalesce(source_customer_id, anonymous_id)') }}
