{#-
    Grain: one row per person and day with a purchase that counts. Why it exists: what the models and curves of
    purchases are made of: purchases that count today, since what was refunded later is not known better than that.
-#}

with

purchases as (

    select * from {{ ref('int_purchases') }}

),

days as (

    select
        customer_number,
        ordered_on,
        cast({{ 'count(*)' if var('clm_purchase_unit') == 'order' else '1' }} as integer) as unit_count,
        cast(sum(net_revenue_amount) as numeric(28, 2)) as amount
    from purchases
    where is_counted
    group by customer_number, ordered_on

),

final as (

    select
        customer_number,
        ordered_on,
        unit_count,
        amount,
        min(ordered_on) over (partition by customer_number) as first_on,
        lead(ordered_on) over (partition by customer_number order by ordered_on asc) as next_on,
        cast(row_number() over (partition by customer_number order by ordered_on asc) as integer) as purchase_number
    from days

)

select * from final
