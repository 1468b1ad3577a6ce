{#-
    Grain: one row per channel and number of messages (10 stands for 10 or more) that the person had got in the
    clm_fatigue_days days before. Why it exists: from how many messages on do people stop reading, or leave?
-#}

with

messages as (

    select * from {{ ref('int_messages') }}
    where earlier_message_count is not null

),

counted as (

    select
        channel,
        cast(least(earlier_message_count, 10) as integer) as earlier_message_count,
        cast(count(*) as integer) as sent_count,
        cast(count(distinct customer_id) as integer) as customer_count,
        {%- for kind in clm.message_outcomes() %}
        cast(sum(is_{{ kind }}) as integer) as {{ kind }}_count{{ ',' if not loop.last }}
        {%- endfor %}
    from messages
    group by channel, cast(least(earlier_message_count, 10) as integer)

),

final as (

    select
        counted.*,
        {{ clm.ratio('opened_count', 'sent_count') }} as open_rate,
        {{ clm.ratio('clicked_count', 'sent_count') }} as click_rate,
        {{ clm.ratio('clicked_count', 'opened_count') }} as click_per_open,
        {{ clm.ratio('unsubscribed_count + complained_count', 'sent_count') }} as leave_rate
    from counted

)

select * from final
