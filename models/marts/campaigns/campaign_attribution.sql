{#-
    Grain: one row per purchase that counts and message of a campaign that went out to its buyer in the
    clm_attribution_window_days days before it. Why it exists: the four customary ways to share a purchase among the messages
    before it. None of them asks what would have happened without: campaign_results does.
-#}
{%- set ways = ['first', 'last', 'linear', 'position'] %}

with

purchases as (

    select * from {{ ref('int_purchases') }}
    where is_counted

),

messages as (

    select * from {{ ref('int_campaign_messages') }}

),

touched as (

    select
        purchases.order_id,
        purchases.customer_id,
        purchases.ordered_on,
        purchases.net_revenue_amount,
        messages.campaign_id,
        messages.channel,
        messages.sent_on,
        row_number() over (
            partition by purchases.order_id
            order by messages.sent_at asc, {{ clm.byte_order('messages.campaign_id') }} asc,
                {{ clm.byte_order('messages.channel') }} asc
        ) as touch_number,
        count(*) over (partition by purchases.order_id) as touch_count
    from purchases
    inner join messages
        on purchases.customer_id = messages.customer_id
        and purchases.ordered_at > messages.sent_at
        and purchases.ordered_on <= {{ clm.add_days('messages.sent_on', var('clm_attribution_window_days')) }}

),

-- the last touch takes what rounding left, so that the credits of a purchase are 1
credited as (

    select
        touched.*,
        cast(case when touch_number = 1 then 1 else 0 end as numeric(18, 6)) as first_credit,
        cast(case when touch_number = touch_count then 1 else 0 end as numeric(18, 6)) as last_credit,
        cast(case
            when touch_number < touch_count then round(1.000000 / touch_count, 6)
            else 1 - (touch_count - 1) * round(1.000000 / touch_count, 6)
        end as numeric(18, 6)) as linear_credit,
        cast(case
            when touch_count = 1 then 1
            when touch_count = 2 then 0.5
            when touch_number = 1 then 0.4
            when touch_number < touch_count then round(0.200000 / (touch_count - 2), 6)
            else 0.6 - (touch_count - 2) * round(0.200000 / (touch_count - 2), 6)
        end as numeric(18, 6)) as position_credit
    from touched

),

-- of fewer than 19 digits DuckDB would multiply within 18
summed as (

    select
        credited.*,
        cast(net_revenue_amount as numeric(19, 2)) as exact_revenue,
        {%- for way in ways %}
        cast(sum({{ way }}_credit) over (
            partition by order_id
            order by touch_number asc
            rows between unbounded preceding and current row
        ) as numeric(18, 6)) as {{ way }}_so_far{{ ',' if not loop.last }}
        {%- endfor %}
    from credited

),

final as (

    select
        order_id,
        campaign_id,
        channel,
        sent_on,
        cast(touch_number as integer) as touch_number,
        cast(touch_count as integer) as touch_count,
        customer_id,
        ordered_on,
        net_revenue_amount,
        {%- for way in ways %}
        {{ way }}_credit,
        {%- endfor %}
        {%- for way in ways %}
        cast(
            round(exact_revenue * {{ way }}_so_far, 2)
            - round(exact_revenue * cast({{ way }}_so_far - {{ way }}_credit as numeric(18, 6)), 2)
            as numeric(28, 2)
        ) as {{ way }}_revenue_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from summed

)

select * from final
