{#-
    Grain: one row per person and time from which there is an address, or in which a consent of a
    channel and purpose is granted and there is none yet (reachable_to excluded, NULL: still). Why it
    exists: a prospect is a lead on the days on which one of them holds.
-#}
{{ config(materialized=clm.shared_step()) }}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

addresses as (

    select * from {{ ref('int_customers_reachable') }}

),

changes as (

    select * from {{ ref('int_consent_changes') }}

),

known_addresses as (

    select
        addresses.customer_id,
        addresses.address_from_on
    from addresses
    cross join as_of
    where addresses.address_from_on <= as_of.as_of_date

),

-- a refusal whose date cannot be read holds for good
refused as (

    select distinct
        customer_id,
        channel,
        purpose
    from changes
    where changed_at is null

),

-- the evening of each day with a change; at equal times the stricter one wins
evenings as (

    select
        customer_id,
        channel,
        purpose,
        status,
        changed_on
    from (
        select
            changes.*,
            row_number() over (
                partition by changes.customer_id, changes.channel, changes.purpose, changes.changed_on
                order by changes.changed_at desc, changes.leniency asc
            ) as place
        from changes
        cross join as_of
        left join known_addresses on changes.customer_id = known_addresses.customer_id
        where
            changes.changed_on <= as_of.as_of_date
            and (
                known_addresses.address_from_on is null
                or changes.changed_on < known_addresses.address_from_on
            )
    ) as placed
    where place = 1

),

states as (

    select
        evenings.customer_id,
        evenings.status,
        evenings.changed_on,
        lead(evenings.changed_on) over (
            partition by evenings.customer_id, evenings.channel, evenings.purpose
            order by evenings.changed_on asc
        ) as next_changed_on
    from evenings
    left join refused
        on evenings.customer_id = refused.customer_id
        and evenings.channel = refused.channel
        and evenings.purpose = refused.purpose
    where refused.customer_id is null

),

spans as (

    select
        customer_id,
        address_from_on as reachable_from,
        cast(null as date) as reachable_to,
        'address' as cause
    from known_addresses

    union all

    select
        customer_id,
        changed_on as reachable_from,
        next_changed_on as reachable_to,
        'consent' as cause
    from states
    where status = 'granted'

),

final as (

    select
        customers.customer_number,
        spans.reachable_from,
        spans.reachable_to,
        spans.cause
    from spans
    inner join customers on spans.customer_id = customers.customer_id

)

select * from final
