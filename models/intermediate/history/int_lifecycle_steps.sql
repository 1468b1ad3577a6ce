{#-
    Grain: one row per person, day, past or to come, and thing that begins or ends on it and that the stage
    depends on. Why it exists: a +1 where a condition begins and a -1 where it ends say all of it;
    running sums over them give the state of any day.
-#}
{%- set bought = clm.lifecycle_unit('purchase_count') -%}
{%- set loyal = clm.lifecycle_unit('loyal_purchase_count') -%}
{%- set grown = clm.lifecycle_unit('growth_count') %}

with

customers as (

    select * from {{ ref('int_customers') }}

),

windows as (

    select * from {{ ref('int_purchase_windows') }}

),

spans as (

    select * from {{ ref('int_lifecycle_spans') }}

),

-- growth: purchases of the last clm_growing_days less those of as many days before
steps as (

    select
        customer_number,
        ordered_on as step_on,
        {{ clm.lifecycle_cause_number('purchase') }} as cause_rank,
        unit_count * cast({{ bought }} as bigint)
        + loyal_step * cast({{ loyal }} as bigint)
        + growth_step * cast({{ grown }} as bigint) as counts,
        cast(0 as bigint) as conditions
    from windows

    union all

    select
        customer_number,
        recent_to as step_on,
        {{ clm.lifecycle_cause_number('window_expired') }} as cause_rank,
        growth_count * cast({{ -2 * grown }} as bigint) as counts,
        cast(0 as bigint) as conditions
    from windows
    where recent_to is not null and (ended_on is null or ended_on > recent_to)

    union all

    select
        customer_number,
        earlier_to as step_on,
        {{ clm.lifecycle_cause_number('window_expired') }} as cause_rank,
        growth_count * cast({{ grown }} as bigint) as counts,
        cast(0 as bigint) as conditions
    from windows
    where earlier_to is not null and (ended_on is null or ended_on > earlier_to)

    union all

    select
        customer_number,
        loyal_to as step_on,
        {{ clm.lifecycle_cause_number('window_expired') }} as cause_rank,
        loyal_count * cast({{ -loyal }} as bigint) as counts,
        cast(0 as bigint) as conditions
    from windows
    where loyal_to is not null and (ended_on is null or ended_on > loyal_to)

    union all

    select
        customer_number,
        ended_on as step_on,
        {{ clm.lifecycle_cause_number('refund') }} as cause_rank,
        unit_count * cast({{ -bought }} as bigint)
        + case when loyal_to is null or ended_on <= loyal_to then unit_count * cast({{ -loyal }} as bigint) else 0 end
        + case
            when recent_to is null or ended_on <= recent_to then growth_count * cast({{ -grown }} as bigint)
            when earlier_to is null or ended_on <= earlier_to then growth_count * cast({{ grown }} as bigint)
            else 0
        end as counts,
        cast(0 as bigint) as conditions
    from windows
    where ended_on is not null

    union all

    select
        customer_number,
        span_from as step_on,
        cause_from_rank as cause_rank,
        cast(0 as bigint) as counts,
        condition_step as conditions
    from spans

    union all

    select
        customer_number,
        span_to as step_on,
        cause_to_rank as cause_rank,
        cast(0 as bigint) as counts,
        -condition_step as conditions
    from spans
    where span_to is not null

    union all

    select
        customer_number,
        first_fact_on as step_on,
        {{ clm.lifecycle_cause_number('first_fact') }} as cause_rank,
        cast(0 as bigint) as counts,
        cast(0 as bigint) as conditions
    from customers

),

final as (

    select
        customer_number,
        step_on,
        cause_rank,
        {% if clm.lifecycle_numbers() | length == 1 -%}
        counts + conditions as counts,
        cast(0 as bigint) as conditions
        {%- else -%}
        counts,
        conditions
        {%- endif %}
    from steps

)

select * from final
