{#-
    Grain: one row per anonymous id, source customer id and business day with a sound event. Why it
    exists: visit days are a fifth of the events, and most questions are about days.
-#}

with

sessions as (

    select * from {{ ref('int_event_sessions') }}

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
    from sessions
    group by anonymous_id, source_customer_id, occurred_on

)

select * from final
