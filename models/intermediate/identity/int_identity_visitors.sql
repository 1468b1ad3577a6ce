{#-
    Grain: one row per visitor id. Why it exists: whoever logs in on a device owns what happened on it
    without a login, before and after. A device that several people used belongs to the one who used
    it first, and makes nobody one person.
-#}

with

event_days as (

    select * from {{ ref('int_event_days') }}

),

components as (

    select * from {{ ref('int_identity_components') }}

),

uses as (

    select
        anonymous_id,
        source_customer_id,
        min(occurred_on) as first_on
    from event_days
    where anonymous_id is not null
    group by anonymous_id, source_customer_id

),

owners as (

    select
        uses.anonymous_id,
        uses.source_customer_id,
        uses.first_on,
        coalesce(components.customer_id, uses.source_customer_id) as customer_id,
        row_number() over (
            partition by uses.anonymous_id
            order by uses.first_on asc, {{ clm.byte_order('uses.source_customer_id') }} asc
        ) as place
    from uses
    left join components on uses.source_customer_id = components.source_customer_id
    where uses.source_customer_id is not null

),

owned as (

    select
        anonymous_id,
        max(case when place = 1 then source_customer_id end) as source_customer_id,
        max(case when place = 1 then customer_id end) as customer_id,
        min(customer_id) <> max(customer_id) as is_shared
    from owners
    group by anonymous_id

),

seen as (

    select
        anonymous_id,
        min(first_on) as first_seen_on
    from uses
    group by anonymous_id

),

final as (

    select
        seen.anonymous_id,
        coalesce(owned.customer_id, 'anon_' || seen.anonymous_id) as customer_id,
        owned.source_customer_id,
        coalesce(owned.is_shared, false) as is_shared,
        seen.first_seen_on
    from seen
    left join owned on seen.anonymous_id = owned.anonymous_id

)

select * from final
