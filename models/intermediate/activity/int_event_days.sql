{#-
    Grain: one row per anonymous id, source customer id and business day with a sound event. Why it
    exists: the only pass over the events; everything else reads these visit days. Two steps, so that
    sessions are counted without count(distinct).
-#}

with

events as (

    select * from {{ ref('stg_events') }}

),

silent_types as (

    select * from {{ ref('non_engagement_events') }}

),

session_days as (

    select
        events.anonymous_id,
        events.source_customer_id,
        events.occurred_on,
        events.session_id,
        count(*) as event_count,
        sum(case when silent_types.event_type is null then 1 else 0 end) as engagement_count,
        {%- for name, event_type in clm.counted_events().items() %}
        sum(case when events.event_type = '{{ event_type }}' then 1 else 0 end) as {{ name }},
        {%- endfor %}
        sum(case when events.channel = 'app' then 1 else 0 end) as app_event_count,
        max(case when events.event_type = 'add_to_cart' then events.occurred_at end) as last_cart_at
    from events
    left join silent_types on events.event_type = silent_types.event_type
    group by events.anonymous_id, events.source_customer_id, events.occurred_on, events.session_id

),

final as (

    select
        anonymous_id,
        source_customer_id,
        occurred_on,
        cast(count(*) as integer) as session_count,
        cast(sum(event_count) as integer) as event_count,
        cast(sum(engagement_count) as integer) as engagement_count,
        {%- for name in clm.counted_events() %}
        cast(sum({{ name }}) as integer) as {{ name }},
        {%- endfor %}
        cast(sum(app_event_count) as integer) as app_event_count,
        max(last_cart_at) as last_cart_at
    from session_days
    group by anonymous_id, source_customer_id, occurred_on

)

select * from final
