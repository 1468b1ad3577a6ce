{#-
    Fails for every person and frequency cap where messages are planned beyond it, those that went out in its window
    counted. Where those alone are too many (another sender's), nothing may be planned.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

caps as (

    select * from {{ ref('frequency_caps') }}
    where max_messages is not null

),

planned as (

    select
        decisions.customer_id,
        decisions.channel,
        count(*) as planned_count
    from {{ ref('segment_campaign') }} as decisions
    inner join {{ ref('channels') }} as channels on decisions.channel = channels.channel
    where decisions.decision = 'send' and channels.is_message
    group by decisions.customer_id, decisions.channel

),

planned_by_cap as (

    select
        caps.scope,
        caps.window_days,
        caps.max_messages,
        planned.customer_id,
        sum(planned.planned_count) as planned_count
    from planned
    inner join caps on caps.scope = 'all' or planned.channel = caps.scope
    group by caps.scope, caps.window_days, caps.max_messages, planned.customer_id

),

sent_by_cap as (

    select
        caps.scope,
        caps.window_days,
        caps.max_messages,
        contacts.customer_id,
        sum(contacts.message_count) as sent_count
    from {{ ref('int_contacts') }} as contacts
    cross join as_of
    inner join caps
        on (caps.scope = 'all' or contacts.channel = caps.scope)
        and {{ clm.days_between('contacts.sent_on', 'as_of.as_of_date') }} < caps.window_days
    group by caps.scope, caps.window_days, caps.max_messages, contacts.customer_id

)

select
    planned_by_cap.customer_id,
    planned_by_cap.scope,
    planned_by_cap.window_days,
    planned_by_cap.max_messages,
    planned_by_cap.planned_count,
    coalesce(sent_by_cap.sent_count, 0) as sent_count
from planned_by_cap
left join sent_by_cap
    on planned_by_cap.customer_id = sent_by_cap.customer_id
    and planned_by_cap.scope = sent_by_cap.scope
    and planned_by_cap.window_days = sent_by_cap.window_days
    and planned_by_cap.max_messages = sent_by_cap.max_messages
where planned_by_cap.planned_count + coalesce(sent_by_cap.sent_count, 0) > planned_by_cap.max_messages
