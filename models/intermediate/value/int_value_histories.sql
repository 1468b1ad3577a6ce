{#-
    Grain: one row per person and origin with a purchase up to it. Why it exists: all that the models of purchases and
    of their value need to know of a person (count, recency, age, mean value), and what she did afterwards.
-#}
{%- set offsets = [0, var('clm_churn_horizon_days') | int, var('clm_value_horizon_days') | int] | unique | list %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

purchase_days as (

    select * from {{ ref('int_value_purchase_days') }}

),

people as (

    select
        purchase_days.customer_number,
        purchase_days.first_on,
        as_of.as_of_date,
        sum(purchase_days.unit_count) as count_0,
        sum(purchase_days.amount) as amount_0,
        {%- for days in offsets %}
        {%- set is_known = 'purchase_days.ordered_on <= ' ~ clm.add_days('as_of.as_of_date', -days) %}
        sum(case when {{ is_known }} then purchase_days.unit_count else 0 end) as known_count_{{ days }},
        sum(case when {{ is_known }} then 1 else 0 end) as known_day_count_{{ days }},
        sum(case when {{ is_known }} then purchase_days.amount else 0 end) as known_amount_{{ days }},
        sum(
            case
                when purchase_days.purchase_number > 1 and {{ is_known }}
                    then purchase_days.amount else 0
            end
        ) as repeat_amount_{{ days }},
        sum(
            case
                when purchase_days.purchase_number > 1 and {{ is_known }}
                    then purchase_days.unit_count else 0
            end
        ) as repeat_value_count_{{ days }},
        max(case when {{ is_known }} then purchase_days.ordered_on end) as last_on_{{ days }}{{ ',' if not loop.last }}
        {%- endfor %}
    from purchase_days
    cross join as_of
    group by purchase_days.customer_number, purchase_days.first_on, as_of.as_of_date

),

final as (
    {% for days in offsets %}
    select
        customer_number,
        {{ clm.add_days('as_of_date', -days) }} as origin_on,
        cast(known_day_count_{{ days }} as integer) as purchase_day_count,
        cast(known_count_{{ days }} - 1 as integer) as repeat_count,
        {{ clm.days_between('first_on', 'last_on_' ~ days) }} as recency_days,
        {{ clm.days_between('first_on', clm.add_days('as_of_date', -days)) }} as tenure_days,
        cast(case when repeat_amount_{{ days }} > 0 then repeat_value_count_{{ days }} else 0 end as integer)
            as repeat_value_count,
        cast(case when repeat_amount_{{ days }} > 0 then repeat_amount_{{ days }} else 0 end as numeric(28, 2))
            as repeat_amount,
        '{{ var('clm_purchase_unit') }}' as purchase_unit,
        {%- if days == 0 %}
        cast(null as integer) as next_count,
        cast(null as numeric(28, 2)) as next_amount
        {%- else %}
        cast(count_0 - known_count_{{ days }} as integer) as next_count,
        cast(amount_0 - known_amount_{{ days }} as numeric(28, 2)) as next_amount
        {%- endif %}
    from people
    where known_count_{{ days }} > 0
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
)

select * from final
