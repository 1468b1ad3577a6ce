{#-
    Grain: one row per month, channel and campaign of messages that senders reported. Why it exists: how messages do: what
    arrives, is opened, clicked, and drives people away.
-#}

with

messages as (

    select * from {{ ref('int_messages') }}

),

counted as (

    select
        {{ clm.month_text('sent_on') }} as sent_month,
        channel,
        coalesce(campaign_id, '(none)') as campaign_id,
        cast(count(*) as integer) as sent_count,
        cast(count(distinct customer_id) as integer) as customer_count,
        {%- for kind in clm.message_outcomes() %}
        cast(sum(is_{{ kind }}) as integer) as {{ kind }}_count{{ ',' if not loop.last }}
        {%- endfor %}
    from messages
    group by {{ clm.month_text('sent_on') }}, channel, coalesce(campaign_id, '(none)')

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
