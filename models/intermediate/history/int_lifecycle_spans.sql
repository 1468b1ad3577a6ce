{#-
    Grain: one row per person, condition of a stage and unbroken time in which it holds, past or to
    come (span_to excluded, NULL: until something happens). Why it exists: each condition but the
    counting of purchases begins and ends on days that are known from the facts.
-#}
{{ config(materialized=clm.shared_step()) }}

with

customers as (

    select * from {{ ref('int_customers_numbered') }}

),

spells as (

    select * from {{ ref('int_purchase_spells') }}

),

churned_periods as (

    select * from {{ ref('int_churned_periods') }}

),

reachable_spans as (

    select * from {{ ref('int_reachable_spans') }}

),

advocacy_days as (

    select * from {{ ref('int_advocacy_days') }}

),

spans as (

    -- an address or a consent matters as long as no purchase counts
    select
        spells.customer_number,
        'lead' as condition,
        greatest(spells.from_on, reachable_spans.reachable_from) as span_from,
        least(
            coalesce(spells.to_on, reachable_spans.reachable_to),
            coalesce(reachable_spans.reachable_to, spells.to_on)
        ) as span_to,
        reachable_spans.cause as cause_from,
        'consent' as cause_to
    from spells
    inner join reachable_spans
        on spells.customer_number = reachable_spans.customer_number
        and (spells.to_on is null or spells.to_on > reachable_spans.reachable_from)
        and (reachable_spans.reachable_to is null or spells.from_on < reachable_spans.reachable_to)
    where spells.purchase_count = 0

    union all

    select
        customer_number,
        'onboarding' as condition,
        from_on as span_from,
        least(
            {{ clm.add_days('first_purchase_on', var('clm_onboarding_days')) }},
            coalesce(to_on, {{ clm.add_days('first_purchase_on', var('clm_onboarding_days')) }})
        ) as span_to,
        'tenure' as cause_from,
        'tenure' as cause_to
    from spells
    where purchase_count = 1

    union all

    -- purchases with the same first one follow each other
    select
        customer_number,
        'tenured' as condition,
        greatest(
            {{ clm.add_days('first_purchase_on', var('clm_loyal_tenure_days')) }}, min(from_on)
        ) as span_from,
        case when max(case when to_on is null then 1 else 0 end) = 0 then max(to_on) end as span_to,
        'tenure' as cause_from,
        'tenure' as cause_to
    from spells
    where purchase_count >= {{ var('clm_loyal_purchases') }}
    group by customer_number, first_purchase_on

    union all

    select
        customer_number,
        'slipping' as condition,
        greatest({{ clm.add_days('last_purchase_on', var('clm_slipping_days')) }}, from_on) as span_from,
        to_on as span_to,
        'silence' as cause_from,
        'silence' as cause_to
    from spells
    where purchase_count > 0

    union all

    select
        customer_number,
        'churned' as condition,
        churned_from as span_from,
        churned_to as span_to,
        'silence' as cause_from,
        'engagement' as cause_to
    from churned_periods

    union all

    select
        customer_number,
        'reactivated' as condition,
        churned_to as span_from,
        {{ clm.add_days('churned_to', var('clm_reactivated_days')) }} as span_to,
        'engagement' as cause_from,
        'window_expired' as cause_to
    from churned_periods
    where is_ended_by_engagement

    union all

    select
        advocacy_days.customer_number,
        'advocating' as condition,
        greatest(advocacy_days.advocated_on, customers.first_fact_on) as span_from,
        {{ clm.add_days('advocacy_days.advocated_on', var('clm_advocacy_days')) }} as span_to,
        'advocacy' as cause_from,
        'window_expired' as cause_to
    from advocacy_days
    inner join customers on advocacy_days.customer_number = customers.customer_number

),

final as (

    select
        customer_number,
        condition,
        span_from,
        span_to,
        cause_from,
        cause_to
    from spans
    where span_to is null or span_from < span_to

)

select * from final
