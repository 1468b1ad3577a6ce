{#-
    Grain: one row per person and entry: order, refund, session, message event, consent, answer or review,
    referral, registration, stage change, tag change, up to the as-of date. Why it exists: the whole story of
    one person in one place. A view by default: it costs nothing to build, and one person is read in a moment.
-#}
{{ config(materialized=var('clm_timeline_materialized')) }}

{%- set text = clm.as_text -%}
{%- set no_amount = 'cast(null as numeric(18, 2))' -%}
{%- set no_text = 'cast(null as ' ~ clm.type_text() ~ ')' -%}
{%- set no_time = 'cast(null as timestamp)' %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

orders as (

    select * from {{ ref('int_orders_attributed') }}

),

purchase_refunds as (

    select * from {{ ref('int_orders_refunded') }}

),

refunds as (

    select * from {{ ref('stg_refunds') }}

),

-- imported twice: what is read twice is kept as a whole, and this is looked up by two ids
{%- for kind in ['customer', 'anonymous'] %}

{{ kind }}_sessions as (

    select * from {{ ref('int_event_sessions') }}

),
{%- endfor %}

messages as (

    select * from {{ ref('stg_messages') }}

),

consents as (

    select * from {{ ref('int_consent_changes') }}

),

feedbacks as (

    select * from {{ ref('stg_feedbacks') }}

),

referrals as (

    select * from {{ ref('stg_referrals') }}

),

records as (

    select * from {{ ref('int_customer_records') }}

),

transitions as (

    select * from {{ ref('lifecycle_transitions') }}

),

tag_changes as (

    select * from {{ ref('customer_tag_changes') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

entries as (

    select
        customer_id,
        ordered_on as occurred_on,
        ordered_at as occurred_at,
        'order' as entry_kind,
        order_id as entry_id,
        coalesce(status, 'completed') as title,
        channel,
        reporting_amount as amount,
        {{ clm.json_object({
            'is_purchase': text('is_purchase'), 'amount': text('amount'), 'currency': 'currency',
            'discount_amount': text('discount_amount'), 'source_customer_id': 'source_customer_id',
        }) }} as details
    from orders

    union all

    select
        customer_id,
        refunded_on as occurred_on,
        {{ no_time }} as occurred_at,
        'refund' as entry_kind,
        refund_id as entry_id,
        case when is_order_refunded then 'in full' else 'in part' end as title,
        {{ no_text }} as channel,
        reporting_amount as amount,
        {{ clm.json_object({'order_id': 'order_id'}) }} as details
    from purchase_refunds

    union all

    select
        orders.customer_id,
        refunds.refunded_on as occurred_on,
        refunds.refunded_at as occurred_at,
        'refund' as entry_kind,
        refunds.refund_id as entry_id,
        'of an order that is no purchase' as title,
        orders.channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({'order_id': 'orders.order_id', 'amount': text('refunds.amount')}) }} as details
    from refunds
    inner join orders on refunds.order_id = orders.order_id
    where not orders.is_purchase

    union all

    -- two joins on bare columns, so that the sessions of one person are found fast
    {%- for kind, column in {'customer': 'source_customer_id', 'anonymous': 'anonymous_id'}.items() %}

    select
        identities.customer_id,
        sessions.occurred_on,
        sessions.started_at as occurred_at,
        'session' as entry_kind,
        concat_ws(
            '|', coalesce(sessions.anonymous_id, ''), coalesce(sessions.source_customer_id, ''),
            {{ text('sessions.occurred_on') }}, coalesce(sessions.session_id, '')
        ) as entry_id,
        {{ text('sessions.event_count') }} || case when sessions.event_count = 1 then ' event' else ' events' end
            as title,
        case
            when sessions.app_event_count = sessions.event_count then 'app'
            when sessions.app_event_count > 0 then 'several'
        end as channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({
            'page_views': text('nullif(sessions.page_view_count, 0)'),
            'product_views': text('nullif(sessions.product_view_count, 0)'),
            'searches': text('nullif(sessions.search_count, 0)'),
            'carts': text('nullif(sessions.add_to_cart_count, 0)'),
            'checkouts': text('nullif(sessions.checkout_started_count, 0)'),
            'session_id': 'sessions.session_id', 'anonymous_id': 'sessions.anonymous_id',
            'source_customer_id': 'sessions.source_customer_id',
        }) }} as details
    from {{ kind }}_sessions as sessions
    inner join identities
        on identities.id_kind = '{{ kind }}'
        and sessions.{{ column }} = identities.source_id
    {%- if kind == 'anonymous' %}
    where sessions.source_customer_id is null
    {%- endif %}

    union all
    {%- endfor %}

    select
        identities.customer_id,
        messages.occurred_on,
        messages.occurred_at,
        'message' as entry_kind,
        concat_ws('|', messages.message_id, messages.event_type, {{ text('messages.occurred_at') }}) as entry_id,
        messages.event_type as title,
        messages.channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({'message_id': 'messages.message_id', 'campaign_id': 'messages.campaign_id'}) }} as details
    from messages
    inner join identities
        on identities.id_kind = 'customer'
        and messages.source_customer_id = identities.source_id

    union all

    -- an unsubscribe stands among the messages
    select
        customer_id,
        changed_on as occurred_on,
        changed_at as occurred_at,
        'consent' as entry_kind,
        concat_ws('|', channel, purpose, status, {{ text('changed_at') }}) as entry_id,
        status as title,
        channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({'purpose': 'purpose'}) }} as details
    from consents
    where status <> 'unsubscribed'

    union all

    select
        identities.customer_id,
        feedbacks.submitted_on as occurred_on,
        feedbacks.submitted_at as occurred_at,
        'feedback' as entry_kind,
        feedbacks.feedback_id as entry_id,
        feedbacks.feedback_kind as title,
        {{ no_text }} as channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({'score': text('feedbacks.score')}) }} as details
    from feedbacks
    inner join identities
        on identities.id_kind = 'customer'
        and feedbacks.source_customer_id = identities.source_id

    union all

    select
        identities.customer_id,
        referrals.referred_on as occurred_on,
        referrals.referred_at as occurred_at,
        'referral' as entry_kind,
        concat_ws('|', referrals.source_referrer_customer_id, referrals.source_referred_customer_id,
            {{ text('referrals.referred_at') }}) as entry_id,
        'recommended somebody' as title,
        {{ no_text }} as channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({'source_referred_customer_id': 'referrals.source_referred_customer_id'}) }} as details
    from referrals
    inner join identities
        on identities.id_kind = 'customer'
        and referrals.source_referrer_customer_id = identities.source_id

    union all

    select
        customer_id,
        registered_on as occurred_on,
        registered_at as occurred_at,
        'registration' as entry_kind,
        source_customer_id as entry_id,
        'registered' as title,
        {{ no_text }} as channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({'source_customer_id': 'source_customer_id'}) }} as details
    from records
    where registered_on is not null

    union all

    select
        customer_id,
        changed_on as occurred_on,
        {{ no_time }} as occurred_at,
        'stage_change' as entry_kind,
        {{ text('changed_on') }} as entry_id,
        lifecycle_stage || ':' || lifecycle_sub_state as title,
        {{ no_text }} as channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({'previous': "previous_stage || ':' || previous_sub_state", 'cause': 'cause'}) }} as details
    from transitions

    union all

    -- the log also has people who are known under another id by now
    select
        tag_changes.customer_id,
        tag_changes.as_of_date as occurred_on,
        {{ no_time }} as occurred_at,
        'tag_change' as entry_kind,
        concat_ws(
            '|', {{ text('tag_changes.as_of_date') }}, tag_changes.tag, tag_changes.change,
            coalesce(tag_changes.tag_value, ''), coalesce(tag_changes.previous_value, '')
        ) as entry_id,
        tag_changes.tag || ' ' || tag_changes.change as title,
        {{ no_text }} as channel,
        {{ no_amount }} as amount,
        {{ clm.json_object({
            'tag_value': 'tag_changes.tag_value', 'previous_value': 'tag_changes.previous_value'
        }) }} as details
    from tag_changes
    inner join customers on tag_changes.customer_id = customers.customer_id

),

final as (

    select
        entries.customer_id,
        entries.occurred_on,
        entries.occurred_at,
        entries.entry_kind,
        entries.entry_id,
        entries.title,
        entries.channel,
        cast(entries.amount as numeric(18, 2)) as amount,
        entries.details
    from entries
    cross join as_of
    where entries.occurred_on is null or entries.occurred_on <= as_of.as_of_date

)

select * from final
