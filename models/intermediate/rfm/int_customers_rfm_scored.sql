{#-
    Grain: one row per buyer. Why it exists: the three scores of a buyer and the segment that they
    mean; people with one purchase are decided before the map of repeat buyers is looked at.
-#}

with

measured as (

    select * from {{ ref('int_customers_rfm_measured') }}

),

scores as (

    select * from {{ ref('int_rfm_scores') }}

),

segment_map as (

    select * from {{ ref('rfm_segment_map') }}

),

scored as (

    select
        measured.customer_id,
        measured.purchase_count,
        measured.frequency_count,
        measured.monetary_amount,
        recency.score as recency_score,
        frequency.score as frequency_score,
        monetary.score as monetary_score
    from measured
    inner join scores as recency
        on recency.metric = 'recency' and measured.recency_days = recency.metric_value
    inner join scores as frequency
        on frequency.metric = 'frequency' and measured.frequency_count = frequency.metric_value
    inner join scores as monetary
        on monetary.metric = 'monetary' and measured.monetary_amount = monetary.metric_value

),

final as (

    select
        scored.customer_id,
        {{ clm.rfm_segment('scored.purchase_count', 'scored.recency_score', 'segment_map') }} as segment,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,
        scored.frequency_count,
        scored.monetary_amount
    from scored
    left join segment_map
        on scored.recency_score = segment_map.recency_score
        and scored.frequency_score = segment_map.frequency_score
        and scored.monetary_score = segment_map.monetary_score

)

select * from final
