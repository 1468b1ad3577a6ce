{#-
    Grain: one row per customer and business day with a purchase, a refund, an event, an opened or
    clicked message or an answer, up to the as-of date. Why it exists: built once, and everything else
    about activity reads it.
-#}
{%- set counts = clm.counted_events().keys() | list + ['app_event_count'] -%}
{%- set measures = [
    'order_count', 'refunded_order_count', 'session_count', 'event_count', 'engagement_count', 'message_engagement_count',
    'feedback_count',
] + counts -%}
{%- set amounts = ['gross_amount', 'refund_amount'] %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

purchases as (

    select * from {{ ref('int_purchases') }}

),

refunds as (

    select * from {{ ref('int_orders_refunded') }}

),

event_days as (

    select * from {{ ref('int_event_days') }}

),

messages as (

    select * from {{ ref('stg_messages') }}

),

feedbacks as (

    select * from {{ ref('stg_feedbacks') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

-- a purchase that was refunded later stays an engagement of its day
purchase_facts as (

    select
        customer_id,
        customer_number,
        ordered_on as activity_on,
        case when is_counted then 1 else 0 end as order_count,
        case when is_counted then 0 else 1 end as refunded_order_count,
        gross_amount
    from purchases

),

refund_facts as (

    select
        customer_id,
        customer_number,
        refunded_on as activity_on,
        reporting_amount as refund_amount
    from refunds

),

event_facts as (

    select
        identities.customer_id,
        identities.customer_number,
        event_days.occurred_on as activity_on,
        event_days.session_count,
        event_days.event_count,
        event_days.engagement_count,
        {%- for name in counts %}
        event_days.{{ name }},
        {%- endfor %}
        event_days.last_cart_at
    from event_days
    inner join identities
        on identities.id_kind = case when event_days.source_customer_id is null then 'anonymous' else 'customer' end
        and identities.source_id = coalesce(event_days.source_customer_id, event_days.anonymous_id)

),

message_facts as (

    select
        identities.customer_id,
        identities.customer_number,
        messages.occurred_on as activity_on,
        1 as message_engagement_count
    from messages
    inner join identities
        on identities.id_kind = 'customer'
        and messages.source_customer_id = identities.source_id
    where messages.event_type in ('opened', 'clicked')

),

feedback_facts as (

    select
        identities.customer_id,
        identities.customer_number,
        feedbacks.submitted_on as activity_on,
        1 as feedback_count
    from feedbacks
    inner join identities
        on identities.id_kind = 'customer'
        and feedbacks.source_customer_id = identities.source_id

),

facts as (
    {% set parts = {
        'purchase_facts': ['order_count', 'refunded_order_count', 'gross_amount'],
        'refund_facts': ['refund_amount'],
        'event_facts': ['session_count', 'event_count', 'engagement_count'] + counts + ['last_cart_at'],
        'message_facts': ['message_engagement_count'],
        'feedback_facts': ['feedback_count'],
    } %}
    {%- for part, columns in parts.items() %}
    select
        customer_id,
        customer_number,
        activity_on,
        {%- for name in measures %}
        {{ name if name in columns else 'cast(0 as integer)' }} as {{ name }},
        {%- endfor %}
        {%- for name in amounts %}
        {{ name if name in columns else 'cast(0 as numeric(18, 2))' }} as {{ name }},
        {%- endfor %}
        {{ 'last_cart_at' if 'last_cart_at' in columns else 'cast(null as timestamp)' }} as last_cart_at
    from {{ part }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}

),

final as (

    select
        facts.customer_id,
        facts.customer_number,
        facts.activity_on,
        {%- for name in measures %}
        cast(sum(facts.{{ name }}) as integer) as {{ name }},
        {%- endfor %}
        {%- for name in amounts %}
        cast(sum(facts.{{ name }}) as numeric(28, 2)) as {{ name }},
        {%- endfor %}
        cast(sum(facts.gross_amount) - sum(facts.refund_amount) as numeric(28, 2)) as net_revenue_amount,
        sum(facts.order_count + facts.refunded_order_count + facts.engagement_count
            + facts.message_engagement_count + facts.feedback_count) > 0 as is_engagement,
        max(facts.last_cart_at) as last_cart_at
    from facts
    cross join as_of
    where facts.activity_on <= as_of.as_of_date
    group by facts.customer_id, facts.customer_number, facts.activity_on

)

select * from final
