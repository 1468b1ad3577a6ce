{#-
    Grain: one row per person and observation day (each month end from the first purchase on, and the as-of
    date) on which the person was a buyer, or had been on the one before. Why it exists: scores and segment
    as they were known then, and whether a change came from the person or from the others.
-#}
{%- set metrics = {'recency': 'recency_days', 'frequency': 'frequency_count', 'monetary': 'monetary_amount'} %}

with

months as (

    select * from {{ ref('int_rfm_months') }}

),

days as (

    select * from {{ ref('int_observation_days') }}

),

bounds as (

    select * from {{ ref('int_rfm_month_bounds') }}

),

segment_map as (

    select * from {{ ref('rfm_segment_map') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

-- the values of the day by its own bounds, those of the day before by theirs, and the new ones by the old bounds
scored as (

    select
        months.customer_number,
        months.month_number,
        days.observed_on,
        days.is_month_end,
        months.purchase_count,
        months.previous_purchase_count,
        months.recency_days,
        months.frequency_count,
        months.monetary_amount,
        {%- for metric, measure in metrics.items() %}
        {%- set before = clm.days_between('months.previous_last_purchase_on', 'days_before.observed_on')
            if metric == 'recency' else 'months.previous_' ~ measure %}
        case
            when months.purchase_count > 0 then {{ clm.rfm_bounded_score(metric, 'months.' ~ measure, 'bounds') }}
        end as {{ metric }}_score,
        case
            when bounds_before.month_number is not null and months.previous_purchase_count > 0
                then {{ clm.rfm_bounded_score(metric, before, 'bounds_before') }}
        end as previous_{{ metric }}_score,
        case
            when months.purchase_count > 0 and months.previous_purchase_count > 0 then {{
                clm.rfm_bounded_score(metric, 'months.' ~ measure, 'bounds' if clm.is_fixed(metric) else 'bounds_before')
            }}
        end as unmoved_{{ metric }}_score
        {{- ',' if not loop.last }}
        {%- endfor %}
    from months
    inner join days on months.month_number = days.month_number
    left join bounds on months.month_number = bounds.month_number
    left join days as days_before on months.month_number = days_before.month_number + 1
    left join bounds as bounds_before on months.month_number = bounds_before.month_number + 1

),

segmented as (

    select
        scored.*,
        case
            when scored.purchase_count > 0
                then {{ clm.rfm_segment('scored.purchase_count', 'scored.recency_score', 'cells') }}
        end as segment,
        case
            when scored.previous_recency_score is not null
                then {{ clm.rfm_segment(
                    'scored.previous_purchase_count', 'scored.previous_recency_score', 'cells_before'
                ) }}
        end as previous_segment,
        {{ clm.rfm_segment('scored.purchase_count', 'scored.unmoved_recency_score', 'cells_unmoved') }}
            as unmoved_segment
    from scored
    {%- for prefix, cells in {'': 'cells', 'previous_': 'cells_before', 'unmoved_': 'cells_unmoved'}.items() %}
    left join segment_map as {{ cells }}
        on {{ 'scored.' ~ prefix ~ 'recency_score' }} = {{ cells }}.recency_score
        and {{ 'scored.' ~ prefix ~ 'frequency_score' }} = {{ cells }}.frequency_score
        and {{ 'scored.' ~ prefix ~ 'monetary_score' }} = {{ cells }}.monetary_score
    {%- endfor %}

),

final as (

    select
        customers.customer_id,
        segmented.observed_on,
        segmented.is_month_end,
        segmented.segment,
        segmented.previous_segment,
        case
            when segmented.segment = segmented.previous_segment then null
            -- what was before clm_history_months is not known
            when segmented.previous_segment is null and segmented.previous_purchase_count > 0 then null
            when segmented.unmoved_segment = segmented.previous_segment then 'threshold_moved'
            else 'own_behaviour'
        end as cause,
        segmented.recency_score,
        segmented.frequency_score,
        segmented.monetary_score,
        case when segmented.purchase_count > 0 then segmented.recency_days end as recency_days,
        segmented.purchase_count,
        segmented.frequency_count,
        segmented.monetary_amount
    from segmented
    inner join customers on segmented.customer_number = customers.customer_number

)

select * from final
