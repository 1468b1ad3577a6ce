{#-
    Grain: one row per month with a buyer. Why it exists: from what value on a buyer had each score at the
    end of the month (recency: up to what value); NULL where nobody had this score or a better one.
-#}

with

scores as (

    select * from {{ ref('int_rfm_month_scores') }}

),

final as (

    select
        month_number,
        {%- for score in [2, 3, 4, 5] %}
        cast(max(case when metric = 'recency' and score >= {{ score }} then highest_value end) as numeric(28, 2))
            as recency_{{ score }},
        cast(min(case when metric = 'frequency' and score >= {{ score }} then lowest_value end) as numeric(28, 2))
            as frequency_{{ score }},
        cast(min(case when metric = 'monetary' and score >= {{ score }} then lowest_value end) as numeric(28, 2))
            as monetary_{{ score }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from scores
    group by month_number

)

select * from final
