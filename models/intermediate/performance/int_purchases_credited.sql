{#-
    Grain: one row per purchase (order) up to the as-of date. Why it exists: which content brought it: the last
    tagged visit of the person at or before the order, on one of the last clm_content_window_days days. Without one
    the tags are `(none)` and the stage is that of the day before the order.
-#}
{%- set tags = ['utm_source', 'utm_medium', 'utm_campaign'] %}

with

purchases as (

    select * from {{ ref('int_purchases') }}

),

visits as (

    select * from {{ ref('int_content_visits') }}

),

history as (

    select * from {{ ref('lifecycle_history') }}

),

ranked as (

    select
        purchases.order_id,
        visits.visited_on,
        visits.lifecycle_stage,
        {%- for tag in tags %}
        visits.{{ tag }},
        {%- endfor %}
        row_number() over (
            partition by purchases.order_id
            order by
                visits.tagged_at desc,
                {{ clm.byte_order("coalesce(visits.session_id, '')") }} desc
        ) as place
    from purchases
    inner join visits
        on purchases.customer_id = visits.customer_id
        and purchases.ordered_at >= visits.tagged_at
    where {{ clm.days_between('visits.visited_on', 'purchases.ordered_on') }} < {{ var('clm_content_window_days') }}

),

final as (

    select
        purchases.order_id,
        purchases.customer_id,
        ranked.visited_on,
        {%- for tag in tags %}
        coalesce(ranked.{{ tag }}, '(none)') as {{ tag }},
        {%- endfor %}
        coalesce(ranked.lifecycle_stage, history.lifecycle_stage, 'prospect') as lifecycle_stage,
        purchases.is_counted,
        purchases.net_revenue_amount
    from purchases
    left join ranked
        on purchases.order_id = ranked.order_id
        and ranked.place = 1
    left join history
        on purchases.customer_id = history.customer_id
        and {{ clm.held_before('history', 'purchases.ordered_on') }}

)

select * from final
