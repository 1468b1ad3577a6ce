{#-
    Grain: one row per person with a purchase or a refund. Why it exists: what somebody has brought, in several windows,
    with refunds dated when they happened.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

final as (

    select
        customer_days.customer_id,
        {%- for days in [30, 90, 365, none] %}
        {%- set suffix = '_' ~ days ~ 'd' if days else '' %}
        {%- for measure in ['gross_amount', 'refund_amount', 'net_revenue_amount'] %}
        cast(sum(
            {%- if days %}
            case
                when customer_days.activity_on > {{ clm.add_days('as_of.as_of_date', -days) }}
                    then customer_days.{{ measure }} else 0
            end
            {%- else %}
            customer_days.{{ measure }}
            {%- endif %}
        ) as numeric(28, 2)) as {{ measure }}{{ suffix }}{{ ',' if not (loop.last and days is none) }}
        {%- endfor %}
        {%- endfor %}
    from customer_days
    cross join as_of
    where customer_days.order_count > 0 or customer_days.refunded_order_count > 0 or customer_days.refund_amount <> 0
    group by customer_days.customer_id

)

select * from final
