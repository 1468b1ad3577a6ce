{#-
    Fails for every recency, frequency and amount that different buyers have with different scores
    or segments.
-#}

select
    measured.recency_days,
    measured.frequency_count,
    measured.monetary_amount,
    measured.purchase_count,
    count(*) as customer_count
from {{ ref('customer_lifecycle') }} as lifecycle
inner join {{ ref('int_customers_rfm_measured') }} as measured on lifecycle.customer_id = measured.customer_id
group by measured.recency_days, measured.frequency_count, measured.monetary_amount, measured.purchase_count
having
    min(lifecycle.rfm_code) <> max(lifecycle.rfm_code)
    or min(lifecycle.segment) <> max(lifecycle.segment)
    or min(lifecycle.recency_score) is null
