{#-
    Grain: one row per month of the first purchase, and one for all (`all`). Why it exists: how many come back
    for a second purchase, and how fast. A rate within so many days is taken over those alone whose
    first purchase is at least that old, so that young customers do not make it look worse than it is.
-#}
{%- set within = [30, 60, 90, 180, 365] %}

with

firsts as (

    select * from {{ ref('int_customers_second_purchase') }}

),

cohorts as (

    select
        'all' as cohort_month,
        firsts.*
    from firsts

    union all

    select
        {{ clm.month_text('first_purchase_on') }} as cohort_month,
        firsts.*
    from firsts

),

final as (

    select
        cohort_month,
        cast(count(*) as integer) as customer_count,
        cast(count(second_purchase_on) as integer) as second_purchase_count,
        {{ clm.ratio('count(second_purchase_on)', 'count(*)') }} as second_purchase_rate,
        {{ clm.median('days_to_second') }} as median_days,
        {%- for days in within %}
        cast(sum(case when watched_days >= {{ days }} then 1 else 0 end) as integer) as watched_{{ days }}d_count,
        {{ clm.ratio(
            'sum(case when watched_days >= ' ~ days ~ ' and days_to_second <= ' ~ days ~ ' then 1 else 0 end)',
            'sum(case when watched_days >= ' ~ days ~ ' then 1 else 0 end)'
        ) }} as second_purchase_rate_{{ days }}d
        {{- ',' if not loop.last }}
        {%- endfor %}
    from cohorts
    group by cohort_month

)

select * from final
