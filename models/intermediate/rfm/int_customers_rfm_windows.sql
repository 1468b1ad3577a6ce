{#-
    Grain: one row per customer with a counted purchase up to the as-of date. Why it exists: the RFM
    measures of every window (days, lifetime) in one pass over the customer days.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

measured as (

    select
        customer_days.customer_id,
        min(as_of.as_of_date) as as_of_date,
        {%- for days in clm.rfm_windows() %}
        {%- set suffix = clm.window_suffix(days) %}
        sum(
            case
                when {{ clm.in_window('customer_days.activity_on', days) }}
                    then {{ clm.purchases_of_day('customer_days.order_count') }} else 0
            end
        ) as purchase_count{{ suffix }},
        sum(
            case when {{ clm.in_window('customer_days.activity_on', days) }} then customer_days.order_count else 0 end
        ) as order_count{{ suffix }},
        sum(
            case
                when {{ clm.in_window('customer_days.activity_on', days) }}
                    then customer_days.net_revenue_amount else 0
            end
        ) as net_revenue_amount{{ suffix }},
        {%- endfor %}
        min(case when customer_days.order_count > 0 then customer_days.activity_on end) as first_purchase_on,
        max(case when customer_days.order_count > 0 then customer_days.activity_on end) as last_purchase_on
    from customer_days
    cross join as_of
    where customer_days.order_count > 0 or customer_days.refunded_order_count > 0 or customer_days.refund_amount <> 0
    group by customer_days.customer_id

),

final as (

    select
        customer_id,
        {%- for days in clm.rfm_windows() %}
        {%- set suffix = clm.window_suffix(days) %}
        cast(purchase_count{{ suffix }} as integer) as purchase_count{{ suffix }},
        cast(order_count{{ suffix }} as integer) as order_count{{ suffix }},
        cast(net_revenue_amount{{ suffix }} as numeric(28, 2)) as net_revenue_amount{{ suffix }},
        {{ clm.average_amount('net_revenue_amount' ~ suffix, 'order_count' ~ suffix) }}
            as average_order_amount{{ suffix }},
        {%- endfor %}
        {{ clm.days_between('last_purchase_on', 'as_of_date') }} as recency_days,
        first_purchase_on,
        last_purchase_on
    from measured
    where order_count > 0

)

select * from final
