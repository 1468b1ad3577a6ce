{#-
    Grain: one row per person, business day and session id (none: one for the day) with a sound event up to the
    as-of date. Why it exists: a visit belongs to the first utm tags seen in it (`(none)` for what is not tagged)
    and to the stage in which the person came, that of the day before; nobody yet is a prospect.
-#}
{%- set tags = ['utm_source', 'utm_medium', 'utm_campaign'] %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

sessions as (

    select * from {{ ref('int_event_sessions') }}

),

events as (

    select * from {{ ref('stg_events') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

history as (

    select * from {{ ref('lifecycle_history') }}

),

visits as (

    select
        identities.customer_id,
        sessions.occurred_on as visited_on,
        sessions.session_id
    from sessions
    cross join as_of
    inner join identities
        on identities.id_kind = case when sessions.source_customer_id is null then 'anonymous' else 'customer' end
        and identities.source_id = coalesce(sessions.source_customer_id, sessions.anonymous_id)
    where sessions.occurred_on <= as_of.as_of_date
    group by identities.customer_id, sessions.occurred_on, sessions.session_id

),

marks as (

    select
        identities.customer_id,
        events.occurred_on as visited_on,
        events.session_id,
        events.occurred_at,
        {% for tag in tags %}events.{{ tag }}, {% endfor %}
        coalesce({{ tags | join(', ') }}) is not null as is_tagged,
        case when events.event_type in ('email_capture', 'signup') then 1 else 0 end as capture_count,
        row_number() over (
            partition by identities.customer_id, events.occurred_on, events.session_id
            order by
                case when coalesce({{ tags | join(', ') }}) is null then 1 else 0 end asc,
                events.occurred_at asc,
                {{ clm.byte_order('events.event_id') }} asc
        ) as place
    from events
    inner join identities
        on identities.id_kind = case when events.source_customer_id is null then 'anonymous' else 'customer' end
        and identities.source_id = coalesce(events.source_customer_id, events.anonymous_id)
    where coalesce({{ tags | join(', ') }}) is not null or events.event_type in ('email_capture', 'signup')

),

marked as (

    select
        customer_id,
        visited_on,
        session_id,
        {%- for tag in tags %}
        max(case when place = 1 and is_tagged then {{ tag }} end) as {{ tag }},
        {%- endfor %}
        max(case when place = 1 and is_tagged then occurred_at end) as tagged_at,
        sum(capture_count) as capture_count
    from marks
    group by customer_id, visited_on, session_id

),

final as (

    select
        visits.customer_id,
        visits.visited_on,
        visits.session_id,
        {%- for tag in tags %}
        coalesce(marked.{{ tag }}, '(none)') as {{ tag }},
        {%- endfor %}
        marked.tagged_at,
        coalesce(history.lifecycle_stage, 'prospect') as lifecycle_stage,
        cast(coalesce(marked.capture_count, 0) as integer) as capture_count
    from visits
    left join marked
        on visits.customer_id = marked.customer_id
        and visits.visited_on = marked.visited_on
        and coalesce(visits.session_id, '') = coalesce(marked.session_id, '')
    left join history
        on visits.customer_id = history.customer_id
        and {{ clm.held_before('history', 'visits.visited_on') }}

)

select * from final
