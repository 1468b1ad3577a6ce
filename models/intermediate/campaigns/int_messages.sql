{#-
    Grain: one row per message that a sender reported as sent up to the as-of date. Why it exists: what became of it, and how
    many messages the person (NULL: nobody knows whose it was) got in the clm_fatigue_days days before it, on any channel.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

messages as (

    select * from {{ ref('stg_messages') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

events as (

    select
        messages.message_id,
        messages.channel,
        identities.customer_id,
        messages.campaign_id,
        messages.event_type,
        messages.occurred_on,
        messages.occurred_at
    from messages
    cross join as_of
    left join identities
        on identities.id_kind = 'customer'
        and messages.source_customer_id = identities.source_id
    where messages.occurred_on <= as_of.as_of_date

),

told as (

    select
        message_id,
        channel,
        customer_id,
        max(campaign_id) as campaign_id,
        min(case when event_type = 'sent' then occurred_on end) as sent_on,
        min(case when event_type = 'sent' then occurred_at end) as sent_at,
        {%- for kind in clm.message_outcomes() %}
        max(case when event_type = '{{ kind }}' then 1 else 0 end) as is_{{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from events
    group by message_id, channel, customer_id

),

sent as (

    select * from told
    where sent_on is not null

),

days as (

    select
        customer_id,
        sent_on,
        count(*) as message_count
    from sent
    where customer_id is not null
    group by customer_id, sent_on

),

-- the days before this one, and on the day itself the earlier messages
earlier as (

    select
        days.customer_id,
        days.sent_on,
        coalesce(sum(earlier_days.message_count), 0) as message_count
    from days
    left join days as earlier_days
        on days.customer_id = earlier_days.customer_id
        and days.sent_on > earlier_days.sent_on
        and days.sent_on < {{ clm.add_days('earlier_days.sent_on', var('clm_fatigue_days')) }}
    group by days.customer_id, days.sent_on

),

final as (

    select
        sent.message_id,
        sent.channel,
        sent.customer_id,
        sent.campaign_id,
        sent.sent_on,
        {%- for kind in clm.message_outcomes() %}
        sent.is_{{ kind }},
        {%- endfor %}
        cast(case
            when sent.customer_id is not null
                then coalesce(earlier.message_count, 0) + row_number() over (
                    partition by sent.customer_id, sent.sent_on
                    order by sent.sent_at asc, {{ clm.byte_order('sent.message_id') }} asc,
                        {{ clm.byte_order('sent.channel') }} asc
                ) - 1
        end as integer) as earlier_message_count
    from sent
    left join earlier
        on sent.customer_id = earlier.customer_id
        and sent.sent_on = earlier.sent_on

)

select * from final
