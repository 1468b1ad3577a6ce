{#-
    Grain: one row per buyer and month with a purchase that counts or an amount. Why it exists: cohorts are
    looked at by month, and this is a tenth of the customer days.
-#}

with

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

months as (

    select
        customer_id,
        {{ clm.month_number('activity_on') }} as month_number,
        sum({{ clm.purchases_of_day('order_count') }}) as purchase_count,
        sum(net_revenue_amount) as net_revenue_amount
    from customer_days
    where order_count > 0 or refunded_order_count > 0 or refund_amount <> 0
    group by customer_id, {{ clm.month_number('activity_on') }}

),

final as (

    select
        customer_id,
        month_number,
        cast(purchase_count as integer) as purchase_count,
        cast(net_revenue_amount as numeric(28, 2)) as net_revenue_amount,
        min(case when purchase_count > 0 then month_number end) over (partition by customer_id) as cohort_month_number
    from months

)

select * from final
