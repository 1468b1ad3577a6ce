{#-
    Grain: exactly one row. Why it exists: the only "now" of the project. A given date is taken as it
    is; else the latest business day with an order or event that passes every cleaning rule; with
    none at all, the day of the clock.
-#}

with

orders as (

    select * from {{ ref('checked_orders') }}

),

events as (

    select * from {{ ref('checked_events') }}

),

latest as (

    select max(latest_at) as latest_at
    from (
        select max(ordered_at) as latest_at
        from orders
        where failed_rules is null
        union all
        select max(occurred_at) as latest_at
        from events
        where failed_rules is null
    ) as latest_facts

),

final as (

    select
        {% if clm.as_of_setting() == 'auto' -%}
        coalesce(
            {{ clm.business_day('latest_at') }},
            cast({{ clm.local_time(clm.clock_limit()) }} as date)
        ) as as_of_date
        {%- else -%}
        cast('{{ clm.as_of_setting() }}' as date) as as_of_date
        {%- endif %}
    from latest

)

select * from final
