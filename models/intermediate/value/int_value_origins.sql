{#-
    Grain: one row per day from which predictions look ahead and number of days they look: the as-of date, and for each
    horizon the day that lies as far back. Why it exists: what is predicted today is judged on what was predicted then.
-#}
{%- set horizons = [var('clm_churn_horizon_days') | int, var('clm_value_horizon_days') | int] | unique | list %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

final as (
    {% for days in horizons %}
    select
        as_of_date as origin_on,
        {{ days }} as horizon_days,
        false as is_backtest
    from as_of

    union all

    select
        {{ clm.add_days('as_of_date', -days) }} as origin_on,
        {{ days }} as horizon_days,
        true as is_backtest
    from as_of
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
)

select * from final
