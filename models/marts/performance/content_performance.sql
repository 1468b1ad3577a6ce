{#-
    Grain: one row per utm_source, utm_medium, utm_campaign (`(none)`: not tagged) and lifecycle stage at the visit.
    Why it exists: which content brings visits, addresses and purchases, from whom. Every visit and every purchase
    is in exactly one row.
-#}
{%- set tags = ['utm_source', 'utm_medium', 'utm_campaign'] %}

with

visits as (

    select * from {{ ref('int_content_visits') }}

),

purchases as (

    select * from {{ ref('int_purchases_credited') }}

),

facts as (

    select
        {{ tags | join(',\n        ') }},
        lifecycle_stage,
        customer_id,
        1 as visit_count,
        capture_count,
        0 as purchase_count,
        cast(0 as numeric(18, 2)) as net_revenue_amount
    from visits

    union all

    select
        {{ tags | join(',\n        ') }},
        lifecycle_stage,
        customer_id,
        0 as visit_count,
        0 as capture_count,
        case when is_counted then 1 else 0 end as purchase_count,
        net_revenue_amount
    from purchases

),

-- first by person, so that people are counted without count(distinct)
by_person as (

    select
        {{ tags | join(',\n        ') }},
        lifecycle_stage,
        customer_id,
        sum(visit_count) as visit_count,
        sum(capture_count) as capture_count,
        sum(purchase_count) as purchase_count,
        sum(net_revenue_amount) as net_revenue_amount
    from facts
    group by {{ tags | join(', ') }}, lifecycle_stage, customer_id

),

final as (

    select
        {{ tags | join(',\n        ') }},
        lifecycle_stage,
        cast(sum(visit_count) as integer) as visit_count,
        cast(sum(case when visit_count > 0 then 1 else 0 end) as integer) as visitor_count,
        cast(sum(capture_count) as integer) as capture_count,
        cast(sum(purchase_count) as integer) as purchase_count,
        cast(sum(case when purchase_count > 0 then 1 else 0 end) as integer) as buyer_count,
        cast(sum(net_revenue_amount) as numeric(28, 2)) as net_revenue_amount,
        {{ clm.ratio('sum(capture_count)', 'sum(visit_count)') }} as capture_rate,
        cast(case
            when utm_source <> '(none)' or utm_medium <> '(none)' or utm_campaign <> '(none)'
                then {{ clm.ratio('sum(purchase_count)', 'sum(visit_count)') }}
        end as numeric(28, 6)) as purchase_rate
    from by_person
    group by {{ tags | join(', ') }}, lifecycle_stage

)

select * from final
