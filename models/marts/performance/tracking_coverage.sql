{#-
    Grain: one row per event type that is planned or has arrived. Why it exists: is what arrives what was agreed?
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

plan as (

    select * from {{ ref('tracking_plan') }}

),

tracked as (

    select * from {{ ref('int_events_tracked') }}

),

unconsented as (

    select * from {{ ref('int_events_unconsented') }}

),

checked as (

    select * from {{ ref('checked_events') }}

),

quarantined as (

    select
        coalesce(event_type, '(none)') as event_type,
        count(*) as quarantined_count
    from checked
    where failed_rules is not null
    group by coalesce(event_type, '(none)')

),

event_types as (

    select event_type from plan
    union
    select event_type from tracked
    union
    select event_type from quarantined

),

counted as (

    select
        event_types.event_type,
        as_of.as_of_date,
        plan.event_type is not null as is_planned,
        coalesce(plan.is_required, false) as is_required,
        plan.owner as owner_team,
        plan.consent_purpose,
        plan.max_silence_days,
        coalesce(tracked.event_count, 0) as event_count,
        tracked.first_on,
        tracked.last_on,
        {{ clm.days_between('tracked.last_on', 'as_of.as_of_date') }} as silence_days,
        tracked.customer_event_count,
        tracked.session_event_count,
        tracked.product_event_count,
        coalesce(tracked.other_channel_count, 0) as other_channel_count,
        coalesce(tracked.incomplete_count, 0) as incomplete_count,
        cast(coalesce(quarantined.quarantined_count, 0) as integer) as quarantined_count,
        coalesce(unconsented.unconsented_count, 0) as unconsented_count
    from event_types
    cross join as_of
    left join plan on event_types.event_type = plan.event_type
    left join tracked on event_types.event_type = tracked.event_type
    left join quarantined on event_types.event_type = quarantined.event_type
    left join unconsented on event_types.event_type = unconsented.event_type

),

final as (

    select
        event_type,
        as_of_date,
        is_planned,
        is_required,
        owner_team,
        consent_purpose,
        max_silence_days,
        event_count,
        first_on,
        last_on,
        silence_days,
        {{ clm.ratio('customer_event_count', 'event_count') }} as customer_rate,
        {{ clm.ratio('session_event_count', 'event_count') }} as session_rate,
        {{ clm.ratio('product_event_count', 'event_count') }} as product_rate,
        incomplete_count,
        other_channel_count,
        quarantined_count,
        unconsented_count,
        case
            when not is_planned then 'unknown'
            when event_count = 0 then 'never_seen'
            when silence_days >= max_silence_days then 'silent'
            when unconsented_count > 0 then 'unconsented'
            else 'ok'
        end as status
    from counted

)

select * from final
