{#-
    Grain: one row per person and product that was bought up to the as-of date. Why it exists: what somebody buys, likes
    and earns us, by product. Revenue and cost are those of lines whose product has a known cost, in the reporting
    currency.
-#}

with

lines as (

    select * from {{ ref('int_purchase_lines') }}

),

final as (

    select
        customer_id,
        product_id,
        category,
        cast(sum(quantity) as numeric(28, 4)) as bought_quantity,
        cast(count(*) as integer) as line_count,
        cast(sum(revenue_amount) as numeric(28, 2)) as item_revenue_amount,
        cast(sum(cost_amount) as numeric(28, 2)) as item_cost_amount,
        min(ordered_on) as first_bought_on,
        max(ordered_on) as last_bought_on
    from lines
    group by customer_id, product_id, category

)

select * from final
