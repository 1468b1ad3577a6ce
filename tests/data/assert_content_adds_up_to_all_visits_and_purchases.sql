{#-
    Fails when the visits, purchases or revenue of content_performance are not those of everybody: a purchase was
    credited twice, or to nothing at all.
-#}

with

found as (

    select
        coalesce(sum(visit_count), 0) as visit_count,
        coalesce(sum(purchase_count), 0) as purchase_count,
        coalesce(sum(net_revenue_amount), 0) as net_revenue_amount
    from {{ ref('content_performance') }}

),

purchased as (

    select
        coalesce(sum(case when is_counted then 1 else 0 end), 0) as purchase_count,
        coalesce(sum(net_revenue_amount), 0) as net_revenue_amount
    from {{ ref('int_purchases') }}

),

visited as (

    select count(*) as visit_count
    from (
        select distinct
            identities.customer_id,
            sessions.occurred_on,
            sessions.session_id
        from {{ ref('int_event_sessions') }} as sessions
        cross join {{ ref('int_as_of') }} as as_of
        inner join {{ ref('int_identity_map') }} as identities
            on identities.id_kind = case when sessions.source_customer_id is null then 'anonymous' else 'customer' end
            and identities.source_id = coalesce(sessions.source_customer_id, sessions.anonymous_id)
        where sessions.occurred_on <= as_of.as_of_date
    ) as visits

)

select
    found.visit_count,
    visited.visit_count as expected_visit_count,
    found.purchase_count,
    purchased.purchase_count as expected_purchase_count,
    found.net_revenue_amount,
    purchased.net_revenue_amount as expected_amount
from found
cross join purchased
cross join visited
where
    found.visit_count <> visited.visit_count
    or found.purchase_count <> purchased.purchase_count
    or found.net_revenue_amount <> purchased.net_revenue_amount
