{#- The windows of the RFM measures: days, the scored window if it is another one, and lifetime. -#}
{% macro rfm_windows() %}
    {% set windows = [30, 90, 180, 365] %}
    {% set scored = var('clm_rfm_window_days') | string %}
    {% if scored != 'lifetime' and scored | int not in windows %}
        {% do windows.append(scored | int) %}
    {% endif %}
    {{ return(windows + ['lifetime']) }}
{% endmacro %}

{#- The suffix of a window's columns: `_90d`, or nothing for lifetime. -#}
{% macro window_suffix(days) %}
    {{ return('' if days | string == 'lifetime' else '_' ~ days ~ 'd') }}
{% endmacro %}


{#-
    CTEs that score the distinct values of the CTE `counted` (metric, metric_value, customer_count), among
    all buyers or, with a column of `counted` in `among`, among the buyers of each of its values. The last
    CTE is `scored`; `cut_points` is the seed of fixed bounds.
    Equal values get equal scores: score = 1 + floor(5 (rank - 1) / n), rank from worst. Frequency scores
    repeat buyers in quarters 2 to 5 (clm_rfm_frequency_scoring).
-#}
{% macro rfm_score_values(among=none) %}
{%- set frequency_scoring = var('clm_rfm_frequency_scoring') %}
{%- set kept = among ~ ', ' if among else '' %}
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
            partition by {{ kept }}metric, is_ranked
            order by merit asc
            rows between unbounded preceding and current row
        ) - customer_count as worse_count,
        sum(customer_count) over (partition by {{ kept }}metric, is_ranked) as ranked_count
    from comparable

),

scored as (

    select
        {% if among -%}
        ranked.{{ among }},
        {% endif -%}
        ranked.metric,
        ranked.metric_value,
        ranked.customer_count,
        cast(case
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
        end as integer) as score
    from ranked
    left join cut_points
        on ranked.metric = cut_points.metric
        and (cut_points.lower_bound is null or ranked.metric_value >= cut_points.lower_bound)
        and (cut_points.upper_bound is null or ranked.metric_value < cut_points.upper_bound)

)
{%- endmacro %}


{#- Whether a metric is scored by the seed of fixed bounds. -#}
{% macro is_fixed(metric) %}
    {{ return(var('clm_rfm_frequency_scoring' if metric == 'frequency' else 'clm_rfm_scoring') == 'fixed') }}
{% endmacro %}


{#- The segment of a buyer as SQL; `map` is the seed rfm_segment_map joined on the three scores. -#}
{% macro rfm_segment(purchase_count, recency_score, map) %}
    {{ return(
        "case when " ~ purchase_count ~ " = 1 and " ~ recency_score ~ " >= 3 then 'first_time' when " ~ purchase_count
        ~ " = 1 then 'sleeping' else " ~ map ~ ".segment end"
    ) }}
{% endmacro %}


{#- The score of a value by the bounds of a month (int_rfm_month_bounds). -#}
{% macro rfm_bounded_score(metric, value, bounds) %}
    {%- set reached = '<=' if metric == 'recency' else '>=' -%}
    {%- set steps = [] -%}
    {%- for score in [5, 4, 3, 2] -%}
        {%- do steps.append('when ' ~ value ~ ' ' ~ reached ~ ' ' ~ bounds ~ '.' ~ metric ~ '_' ~ score ~ ' then ' ~ score) -%}
    {%- endfor -%}
    {#- a repeat buyer has 2 at least, also where nobody bought so seldom in that month -#}
    {%- if metric == 'frequency' and var('clm_rfm_frequency_scoring') == 'repeat_quartile' -%}
        {%- do steps.append('when ' ~ value ~ ' > 1 then 2') -%}
    {%- endif -%}
    {{ return('case ' ~ steps | join(' ') ~ ' else 1 end') }}
{% endmacro %}
