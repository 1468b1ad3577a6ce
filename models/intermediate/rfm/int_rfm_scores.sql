{#-
    Grain: one row per RFM metric and value that a buyer has. Why it exists: equal values get equal
    scores, so values are scored, not customers: score = 1 + floor(5 (rank - 1) / n), rank from worst.
    Frequency scores repeat buyers in quarters 2 to 5 (clm_rfm_frequency_scoring).
-#}
{%- set frequency_scoring = var('clm_rfm_frequency_scoring') %}

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

-- the best value of recency is the smallest; single buyers stand outside the ranks of repeat buyers
comparable as (

    select
        counted.*,
        case when metric = 'recency' then -metric_value else metric_value end as merit,
        {% if frequency_scoring == 'repeat_quartile' -%}
        case when metric = 'frequency' and metric_value <= 1 then 0 else 1 end as is_ranked
        {%- else -%}
        1 as is_ranked
        {%- endif %}
    from counted

),

ranked as (

    select
        comparable.*,
        sum(customer_count) over (
            partition by metric, is_ranked
            order by merit asc
            rows between unbounded preceding and current row
        ) - customer_count as worse_count,
        sum(customer_count) over (partition by metric, is_ranked) as ranked_count
    from comparable

),

scored as (

    select
        ranked.metric,
        ranked.metric_value,
        ranked.customer_count,
        case
            {%- if var('clm_rfm_scoring') == 'fixed' %}
            when ranked.metric in ('recency', 'monetary') then cut_points.score
            {%- endif %}
            {%- if frequency_scoring == 'fixed' %}
            when ranked.metric = 'frequency' then coalesce(cut_points.score, 1)
            {%- elif frequency_scoring == 'repeat_quartile' %}
            when ranked.metric = 'frequency' and ranked.is_ranked = 0 then 1
            when ranked.metric = 'frequency' then 2 + floor(4.0 * ranked.worse_count / ranked.ranked_count)
            {%- endif %}
            when ranked.metric in ('recency', 'frequency', 'monetary')
                then 1 + floor(5.0 * ranked.worse_count / ranked.ranked_count)
        end as score
    from ranked
    left join cut_points
        on ranked.metric = cut_points.metric
        and (cut_points.lower_bound is null or ranked.metric_value >= cut_points.lower_bound)
        and (cut_points.upper_bound is null or ranked.metric_value < cut_points.upper_bound)

),

final as (

    select
        metric,
        metric_value,
        cast(score as integer) as score,
        cast(customer_count as integer) as customer_count
    from scored

)

select * from final
