{#-
    Grain: one row per event type with a sound event up to the as-of date of somebody who at that time had denied or
    withdrawn the consent that the tracking plan asks for. Why it exists: such events should not have been recorded.
    A refusal on any channel counts; one whose date cannot be read holds for all time.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

plan as (

    select * from {{ ref('tracking_plan') }}

),

consent_changes as (

    select * from {{ ref('int_consent_changes') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

events as (

    select * from {{ ref('stg_events') }}

),

-- an unsubscribe refuses messages of a channel, not what is recorded
periods as (

    select
        customer_id,
        purpose,
        status,
        changed_at as refused_from,
        lead(changed_at) over (
            partition by customer_id, channel, purpose
            order by changed_at asc, leniency desc
        ) as refused_until
    from consent_changes
    where status in ('granted', 'denied', 'withdrawn')

),

refusals as (

    select
        identities.id_kind,
        identities.source_id,
        periods.purpose,
        periods.refused_from,
        periods.refused_until
    from periods
    inner join identities on periods.customer_id = identities.customer_id
    where periods.status <> 'granted'

),

refused as (

    select distinct
        events.event_id,
        events.event_type
    from events
    cross join as_of
    inner join plan on events.event_type = plan.event_type
    inner join refusals
        on refusals.id_kind = case when events.source_customer_id is null then 'anonymous' else 'customer' end
        and refusals.source_id = coalesce(events.source_customer_id, events.anonymous_id)
        and plan.consent_purpose = refusals.purpose
    where
        events.occurred_on <= as_of.as_of_date
        and (
            refusals.refused_from is null
            or (
                refusals.refused_from <= events.occurred_at
                and (refusals.refused_until is null or refusals.refused_until > events.occurred_at)
            )
        )

),

final as (

    select
        event_type,
        cast(count(*) as integer) as unconsented_count
    from refused
    group by event_type

)

select * from final
