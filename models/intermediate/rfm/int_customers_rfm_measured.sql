{#-
    Grain: one row per buyer. Why it exists: the three numbers that are scored, over the window of the
    configuration; without a purchase in the window the amount is 0.
-#}
{%- set suffix = clm.window_suffix(var('clm_rfm_window_days')) %}

with

windows as (

    select * from {{ ref('int_customers_rfm_windows') }}

),

final as (

    select
        customer_id,
        purchase_count,
        recency_days,
        purchase_count{{ suffix }} as frequency_count,
        case
            when purchase_count{{ suffix }} > 0 then net_revenue_amount{{ suffix }}
            else cast(0 as numeric(28, 2))
        end as monetary_amount
    from windows

)

select * from final
