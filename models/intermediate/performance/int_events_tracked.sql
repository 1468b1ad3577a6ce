{#-
    Grain: one row per event type with a sound event up to the as-of date. Why it exists: what arrives, counted once
    and held against the columns, the property and the channels that the tracking plan names.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

events as (

    select * from {{ ref('stg_events') }}

),

plan as (

    select * from {{ ref('tracking_plan') }}

),

checked as (

    select
        events.event_type,
        events.occurred_on,
        case when events.source_customer_id is not null then 1 else 0 end as has_customer,
        case when events.session_id is not null then 1 else 0 end as has_session,
        case when events.product_id is not null then 1 else 0 end as has_product,
        case
            when plan.channels is null then 0
            when {{ clm.is_listed('events.channel', 'plan.channels') }} then 0
            else 1
        end as is_other_channel,
        case
            {%- for name, column in clm.tracked_columns().items() %}
            when events.{{ column }} is null and {{ clm.is_listed("'" ~ name ~ "'", 'plan.required_columns') }} then 1
            {%- endfor %}
            when
                plan.required_property is not null
                and coalesce({{ dbt.position("'\"' || plan.required_property || '\"'", 'events.properties') }}, 0) = 0
                then 1
            else 0
        end as is_incomplete
    from events
    cross join as_of
    left join plan on events.event_type = plan.event_type
    where events.occurred_on <= as_of.as_of_date

),

final as (

    select
        event_type,
        cast(count(*) as integer) as event_count,
        min(occurred_on) as first_on,
        max(occurred_on) as last_on,
        cast(sum(has_customer) as integer) as customer_event_count,
        cast(sum(has_session) as integer) as session_event_count,
        cast(sum(has_product) as integer) as product_event_count,
        cast(sum(is_other_channel) as integer) as other_channel_count,
        cast(sum(is_incomplete) as integer) as incomplete_count
    from checked
    group by event_type

)

select * from final
