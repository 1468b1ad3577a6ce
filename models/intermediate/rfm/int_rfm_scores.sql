{#-
    Grain: one row per RFM metric and value that a buyer has. Why it exists: equal values get equal
    scores, so values are scored, not customers: score = 1 + floor(5 (rank - 1) / n), rank from worst.
    Frequency scores repeat buyers in quarters 2 to 5 (clm_rfm_frequency_scoring).
-#}

with

measured as (

    select * from {{ ref('int_customers_rfm_measured') }}

),

cut_points as (

    select * from {{ ref('rfm_fixed_cut_points') }}

),

counted as (

    select
        'recency' as metric,
        cast(recency_days as numeric(28, 2)) as metric_value,
        count(*) as customer_count
    from measured
    group by recency_days
    union all
    select
        'frequency' as metric,
        cast(frequency_count as numeric(28, 2)) as metric_value,
        count(*) as customer_count
    from measured
    group by frequency_count
    union all
    select
        'monetary' as metric,
        monetary_amount as metric_value,
        count(*) as customer_count
    from measured
    group by monetary_amount

),

{{ clm.rfm_score_values() }},

final as (

    select
        metric,
        metric_value,
        score,
        cast(customer_count as integer) as customer_count
    from scored

)

select * from final
