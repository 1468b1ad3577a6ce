{#-
    Grain: one row per purchase that counts. Why it exists: what it earned: its net revenue at the margin of its lines with a
    known cost, else at the shop's (clm_margin_rate, or that of all lines with a known cost); NULL where no cost is known.
-#}

with

purchases as (

    select * from {{ ref('int_purchases') }}
    where is_counted

),

lines as (

    select * from {{ ref('int_purchase_lines') }}
    where revenue_amount is not null and cost_amount is not null

),

line_sums as (

    select
        order_id,
        sum(revenue_amount) as revenue_amount,
        sum(cost_amount) as cost_amount
    from lines
    group by order_id

),

shop as (

    select
        {%- if var('clm_margin_rate') == 'auto' %}
        1 - cast(sum(cost_amount) as {{ clm.type_double() }})
        / cast(nullif(sum(revenue_amount), 0) as {{ clm.type_double() }}) as margin_rate
        {%- else %}
        cast({{ var('clm_margin_rate') }} as {{ clm.type_double() }}) as margin_rate
        {%- endif %}
    from line_sums

),

final as (

    select
        purchases.order_id,
        purchases.customer_number,
        purchases.ordered_on,
        purchases.ordered_at,
        purchases.net_revenue_amount,
        -- a double of half a cent is not quite one: to nine decimals first
        cast(round(cast(
            purchases.net_revenue_amount * coalesce(
                1 - cast(line_sums.cost_amount as {{ clm.type_double() }})
                / cast(nullif(line_sums.revenue_amount, 0) as {{ clm.type_double() }}),
                shop.margin_rate
            ) as numeric(28, 9)
        ), 2) as numeric(28, 2)) as margin_amount
    from purchases
    cross join shop
    left join line_sums on purchases.order_id = line_sums.order_id

)

select * from final
