{#-
    Grain: one row per dimension (all, acquisition_source, first_fact_month), its value and step of the
    funnel. Why it exists: how many people come how far, where they are lost, and how long a step takes.
-#}
{%- set steps = clm.funnel_steps() %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

progress as (

    select * from {{ ref('int_customers_progress') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

people as (

    select
        progress.*,
        coalesce(customers.acquisition_source, 'unknown') as acquisition_source,
        {{ clm.month_text('customers.first_fact_on') }} as first_fact_month
    from progress
    inner join customers on progress.customer_id = customers.customer_id

),

counted as (
    {%- for dimension, column in {
        'all': "'all'", 'acquisition_source': 'acquisition_source', 'first_fact_month': 'first_fact_month'
    }.items() %}
    {%- set outer = loop %}
    {%- for step in steps %}
    {%- set previous = steps[loop.index0 - 1] if not loop.first else none %}

    select
        '{{ dimension }}' as dimension,
        {{ column }} as dimension_value,
        {{ loop.index }} as step_number,
        '{{ step }}' as step,
        count(*) as population_count,
        count({{ step }}_on) as customer_count,
        count({{ previous or step }}_on) as previous_customer_count,
        {% if previous -%}
        {{ clm.median(clm.days_between(previous ~ '_on', step ~ '_on')) }} as median_days
        {%- else -%}
        cast(null as numeric(18, 1)) as median_days
        {%- endif %}
    from people
    {%- if dimension != 'all' %}
    group by {{ column }}
    {%- endif %}
    {%- if not (loop.last and outer.last) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

final as (

    select
        as_of.as_of_date,
        counted.dimension,
        counted.dimension_value,
        counted.step_number,
        counted.step,
        cast(counted.customer_count as integer) as customer_count,
        {{ clm.ratio('counted.customer_count', 'counted.population_count') }} as population_rate,
        cast(case
            when counted.step_number > 1
                then {{ clm.ratio('counted.customer_count', 'counted.previous_customer_count') }}
        end as numeric(28, 6)) as conversion_rate,
        counted.median_days
    from counted
    cross join as_of

)

select * from final
