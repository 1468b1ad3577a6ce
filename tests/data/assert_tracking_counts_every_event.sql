{#- Fails when the events of tracking_coverage are not those that were staged and set aside. -#}

with

found as (

    select
        coalesce(sum(event_count), 0) as event_count,
        coalesce(sum(quarantined_count), 0) as quarantined_count
    from {{ ref('tracking_coverage') }}

),

staged as (

    select count(*) as event_count
    from {{ ref('stg_events') }} as events
    cross join {{ ref('int_as_of') }} as as_of
    where events.occurred_on <= as_of.as_of_date

),

quarantined as (

    select count(*) as quarantined_count
    from {{ ref('quarantined_records') }}
    where source_table = 'events'

)

select
    found.event_count,
    staged.event_count as staged_count,
    found.quarantined_count,
    quarantined.quarantined_count as expected_quarantined_count
from found
cross join staged
cross join quarantined
where
    found.event_count <> staged.event_count
    or found.quarantined_count <> quarantined.quarantined_count
