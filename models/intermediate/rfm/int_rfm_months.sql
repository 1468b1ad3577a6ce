{#-
    Grain: one row per person and observation day (int_observation_days) on which the person was a buyer, or
    had been on the one before. Why it exists: the measures that are scored on that day, beside those of the
    observation before, so that what changed can be told.
-#}

with

runs as (

    select * from {{ ref('int_rfm_runs') }}

),

days as (

    select * from {{ ref('int_observation_days') }}

),

neighbours as (

    select
        runs.*,
        {%- for name in ['purchase_count', 'frequency_count', 'monetary_amount', 'last_purchase_on'] %}
        lag({{ name }}) over (partition by customer_number order by from_month_number asc) as before_{{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from runs

),

-- within a run nothing changes but time
final as (

    select
        neighbours.customer_number,
        days.month_number,
        neighbours.purchase_count,
        neighbours.frequency_count,
        neighbours.monetary_amount,
        {{ clm.days_between('neighbours.last_purchase_on', 'days.observed_on') }} as recency_days,
        {%- for name, type in {
            'purchase_count': 'integer', 'frequency_count': 'integer', 'monetary_amount': 'numeric(28, 2)',
            'last_purchase_on': 'date',
        }.items() %}
        cast(case
            when days.month_number = neighbours.from_month_number then neighbours.before_{{ name }}
            else neighbours.{{ name }}
        end as {{ type }}) as previous_{{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from neighbours
    inner join days
        on neighbours.from_month_number <= days.month_number
        and (neighbours.to_month_number is null or neighbours.to_month_number > days.month_number)
    where
        neighbours.purchase_count > 0
        or (neighbours.before_purchase_count > 0 and days.month_number = neighbours.from_month_number)

)

select * from final
