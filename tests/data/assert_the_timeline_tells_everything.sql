{#-
    Fails for every kind of entry of customer_timeline whose number is not that of its facts up to the
    as-of date, where purchases less refunds are not everybody's net revenue, and for entries of nobody.
-#}

with

timeline as (

    select * from {{ ref('customer_timeline') }}

),

as_of as (

    select * from {{ ref('int_as_of') }}

),

told as (

    select
        entry_kind,
        count(*) as entry_count
    from timeline
    group by entry_kind

),

facts as (

    select
        'order' as entry_kind,
        count(*) as entry_count
    from {{ ref('int_orders_attributed') }} as orders
    inner join as_of on orders.ordered_on <= as_of.as_of_date

    union all

    select
        'session' as entry_kind,
        count(*) as entry_count
    from {{ ref('int_event_sessions') }} as sessions
    inner join as_of on sessions.occurred_on <= as_of.as_of_date

    union all

    select
        'message' as entry_kind,
        count(*) as entry_count
    from {{ ref('stg_messages') }} as messages
    inner join as_of on messages.occurred_on <= as_of.as_of_date
    inner join {{ ref('int_identity_map') }} as identities
        on identities.id_kind = 'customer'
        and messages.source_customer_id = identities.source_id

    union all

    select
        'stage_change' as entry_kind,
        count(*) as entry_count
    from {{ ref('lifecycle_transitions') }}

    union all

    select
        'tag_change' as entry_kind,
        count(*) as entry_count
    from {{ ref('customer_tag_changes') }} as tag_changes
    inner join {{ ref('customer_lifecycle') }} as customers on tag_changes.customer_id = customers.customer_id

),

money as (

    select
        coalesce(sum(case
            when entry_kind = 'order' and details like '%"is_purchase":"true"%' then amount
            when entry_kind = 'refund' then -amount
        end), 0) as told_amount
    from timeline

),

revenue as (

    select coalesce(sum(net_revenue_amount), 0) as net_revenue_amount
    from {{ ref('customer_lifecycle') }}

),

strangers as (

    select distinct timeline.customer_id
    from timeline
    left join {{ ref('customer_lifecycle') }} as customers on timeline.customer_id = customers.customer_id
    where customers.customer_id is null and timeline.occurred_on is not null

)

select
    facts.entry_kind as which,
    'not as many entries as facts' as problem
from facts
left join told on facts.entry_kind = told.entry_kind
where facts.entry_count <> coalesce(told.entry_count, 0)

union all

select
    'amounts' as which,
    'purchases less refunds are not the net revenue' as problem
from money
cross join revenue
where money.told_amount <> revenue.net_revenue_amount

union all

select
    customer_id as which,
    'entries of somebody who is not there' as problem
from strangers
