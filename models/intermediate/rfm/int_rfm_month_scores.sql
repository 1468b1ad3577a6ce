{#-
    Grain: one row per month, RFM metric and score that a buyer had at its end. Why it exists: which values
    got which score then; a person's scores of that day, and of the next by the bounds of that day, follow.
-#}

with

months as (

    select * from {{ ref('int_rfm_months') }}

),

cut_points as (

    select * from {{ ref('rfm_fixed_cut_points') }}

),

counted as (
    {% for metric, measure in {
        'recency': 'recency_days', 'frequency': 'frequency_count', 'monetary': 'monetary_amount'
    }.items() %}
    select
        month_number,
        '{{ metric }}' as metric,
        cast({{ measure }} as numeric(28, 2)) as metric_value,
        count(*) as customer_count
    from months
    where purchase_count > 0
    group by month_number, {{ measure }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

{{ clm.rfm_score_values('month_number') }},

final as (

    select
        month_number,
        metric,
        score,
        cast(min(metric_value) as numeric(28, 2)) as lowest_value,
        cast(max(metric_value) as numeric(28, 2)) as highest_value,
        cast(sum(customer_count) as integer) as customer_count
    from scored
    group by month_number, metric, score

)

select * from final
