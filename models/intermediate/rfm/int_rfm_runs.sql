{#-
    Grain: one row per person and run of months at whose ends (int_observation_days) purchases and amounts
    are the same. Why it exists: RFM measures change on the days of facts only; running sums over those give
    the measures of any month end as they were known then, refunds included.
-#}
{%- set window_days = var('clm_rfm_window_days') | string -%}
{%- set is_windowed = window_days != 'lifetime' -%}
{%- set epoch = "cast('1900-01-01' as date)" -%}
{%- set so_far -%}
    (partition by customer_number order by month_number asc rows between unbounded preceding and current row)
{%- endset %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

units as (

    select * from {{ ref('int_purchase_units') }}

),

spells as (

    select * from {{ ref('int_purchase_spells') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

amounts as (

    select
        customer_number,
        activity_on,
        net_revenue_amount
    from customer_days
    where gross_amount <> 0 or refund_amount <> 0

),

-- the last purchase as it was known from a day on: the day's number leads, so that the latest word wins
steps as (

    select
        spells.customer_number,
        spells.from_on as step_on,
        0 as purchase_step,
        0 as frequency_step,
        cast(0 as numeric(28, 2)) as amount_step,
        cast({{ clm.days_between(epoch, 'spells.from_on') }} as bigint) * 10000000
        + coalesce({{ clm.days_between(epoch, 'spells.last_purchase_on') }}, 0) as last_purchase_code
    from spells

    union all

    select
        units.customer_number,
        units.ordered_on as step_on,
        units.unit_count as purchase_step,
        units.unit_count as frequency_step,
        cast(0 as numeric(28, 2)) as amount_step,
        cast(null as bigint) as last_purchase_code
    from units

    union all

    select
        units.customer_number,
        units.ended_on as step_on,
        -units.unit_count as purchase_step,
        {% if is_windowed -%}
        case
            when units.ended_on <= {{ clm.add_days('units.ordered_on', window_days) }} then -units.unit_count
            else 0
        end as frequency_step,
        {%- else -%}
        -units.unit_count as frequency_step,
        {%- endif %}
        cast(0 as numeric(28, 2)) as amount_step,
        cast(null as bigint) as last_purchase_code
    from units
    where units.ended_on is not null

    union all

    select
        amounts.customer_number,
        amounts.activity_on as step_on,
        0 as purchase_step,
        0 as frequency_step,
        amounts.net_revenue_amount as amount_step,
        cast(null as bigint) as last_purchase_code
    from amounts
    {%- if is_windowed %}

    union all

    -- out of the window again
    select
        units.customer_number,
        {{ clm.add_days('units.ordered_on', window_days) }} as step_on,
        0 as purchase_step,
        -units.unit_count as frequency_step,
        cast(0 as numeric(28, 2)) as amount_step,
        cast(null as bigint) as last_purchase_code
    from units
    where units.ended_on is null or units.ended_on > {{ clm.add_days('units.ordered_on', window_days) }}

    union all

    select
        amounts.customer_number,
        {{ clm.add_days('amounts.activity_on', window_days) }} as step_on,
        0 as purchase_step,
        0 as frequency_step,
        -amounts.net_revenue_amount as amount_step,
        cast(null as bigint) as last_purchase_code
    from amounts
    {%- endif %}

),

months as (

    select
        steps.customer_number,
        {{ clm.month_number('steps.step_on') }} as month_number,
        sum(steps.purchase_step) as purchase_step,
        sum(steps.frequency_step) as frequency_step,
        sum(steps.amount_step) as amount_step,
        max(steps.last_purchase_code) as last_purchase_code
    from steps
    cross join as_of
    where steps.step_on <= as_of.as_of_date
    group by steps.customer_number, {{ clm.month_number('steps.step_on') }}

),

running as (

    select
        customer_number,
        month_number as from_month_number,
        lead(month_number) over (partition by customer_number order by month_number asc) as to_month_number,
        {%- for name in ['purchase', 'frequency', 'amount'] %}
        sum({{ name }}_step) over {{ so_far }} as {{ name }}_sum,
        {%- endfor %}
        max(last_purchase_code) over {{ so_far }} as last_purchase_code
    from months

),

final as (

    select
        customer_number,
        from_month_number,
        to_month_number,
        cast(purchase_sum as integer) as purchase_count,
        cast(frequency_sum as integer) as frequency_count,
        cast(case when frequency_sum > 0 then amount_sum else 0 end as numeric(28, 2)) as monetary_amount,
        case
            when purchase_sum > 0 then {{ clm.add_days(epoch, 'mod(last_purchase_code, 10000000)') }}
        end as last_purchase_on
    from running

)

select * from final
