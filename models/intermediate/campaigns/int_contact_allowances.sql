{#-
    Grain: one row per person with messages in the window of a frequency cap, and scope (a channel or `all`). Why it exists:
    how many more messages all caps of the scope together allow; people without one are allowed what the caps say.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

contacts as (

    select * from {{ ref('int_contacts') }}

),

caps as (

    select
        scope,
        window_days,
        min(max_messages) as max_messages
    from {{ ref('frequency_caps') }}
    where max_messages is not null
    group by scope, window_days

),

used as (

    select
        contacts.customer_id,
        caps.scope,
        caps.window_days,
        min(caps.max_messages) as max_messages,
        sum(contacts.message_count) as message_count
    from contacts
    cross join as_of
    inner join caps
        on (caps.scope = 'all' or contacts.channel = caps.scope)
        and {{ clm.days_between('contacts.sent_on', 'as_of.as_of_date') }} < caps.window_days
    group by contacts.customer_id, caps.scope, caps.window_days

),

final as (

    select
        customer_id,
        scope,
        cast(min(max_messages - message_count) as integer) as allowed_count
    from used
    group by customer_id, scope

)

select * from final
