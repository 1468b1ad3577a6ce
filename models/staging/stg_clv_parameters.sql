{#- Grain: one row per fit of the value models. Why it exists: typed columns of what scripts/fit_value.py wrote. -#}
{%- set numbers = ['r', 'alpha', 'a', 'b', 'log_likelihood', 'p', 'q', 'gamma', 'money_log_likelihood'] %}

with

fits as (

    select * from {{ ref('base_clv_parameters') }}

),

final as (

    select
        fit_id,
        {{ clm.read_value('as_of_date', 'date') }} as as_of_date,
        {{ clm.read_value('fitted_at', 'timestamp') }} as fitted_at,
        purchase_unit,
        time_unit,
        cohort,
        cast({{ clm.read_number('customer_count', 'numeric(18, 0)') }} as integer) as customer_count,
        cast({{ clm.read_number('repeat_customer_count', 'numeric(18, 0)') }} as integer) as repeat_customer_count,
        cast({{ clm.read_number('resolution_days', 'numeric(18, 0)') }} as integer) as resolution_days,
        {%- for name in numbers %}
        cast({{ name }} as {{ clm.type_double() }}) as {{ name }},
        {%- endfor %}
        bounded_parameters,
        bounded_money_parameters
    from fits

)

select * from final
