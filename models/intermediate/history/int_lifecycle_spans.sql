{#-
    Grain: one row per person, condition of a stage and unbroken time in which it holds, past or to
    come (span_to excluded, NULL: until something happens). Why it exists: each condition but the
    counting of purchases begins and ends on days that are known from the facts.
-#}
{{ config(materialized=clm.shared_step()) }}

with

customers as (

    select * from {{ ref('int_customers') }}

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

-- a span ends where the next of its kind begins: no day is in two, so that one bit holds the condition
returns as (

    select
        customer_number,
        churned_to as returned_on,
        lead(churned_to) over (partition by customer_number order by churned_to asc) as next_returned_on
    from churned_periods
    where is_ended_by_engagement

),

advocacies as (

    select
        customer_number,
        advocated_on,
        lead(advocated_on) over (partition by customer_number order by advocated_on asc) as next_advocated_on
    from advocacy_days

),

spans as (

    -- an address or a consent matters as long as no purchase counts
    select
        spells.customer_number,
        'lead' as condition,
        {{ clm.lifecycle_unit('lead') }} as condition_step,
        greatest(spells.from_on, reachable_spans.reachable_from) as span_from,
        least(
            coalesce(spells.to_on, reachable_spans.reachable_to),
            coalesce(reachable_spans.reachable_to, spells.to_on)
        ) as span_to,
        {{ clm.lifecycle_cause_rank('reachable_spans.cause') }} as cause_from_rank,
        {{ clm.lifecycle_cause_number('consent') }} as cause_to_rank
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
        {{ clm.lifecycle_unit('onboarding') }} as condition_step,
        from_on as span_from,
        least(
            {{ clm.add_days('first_purchase_on', var('clm_onboarding_days')) }},
            coalesce(to_on, {{ clm.add_days('first_purchase_on', var('clm_onboarding_days')) }})
        ) as span_to,
        {{ clm.lifecycle_cause_number('tenure') }} as cause_from_rank,
        {{ clm.lifecycle_cause_number('tenure') }} as cause_to_rank
    from spells
    where purchase_count = 1

    union all

    -- purchases with the same first one follow each other
    select
        customer_number,
        'tenured' as condition,
        {{ clm.lifecycle_unit('tenured') }} as condition_step,
        greatest(
            {{ clm.add_days('first_purchase_on', var('clm_loyal_tenure_days')) }}, min(from_on)
        ) as span_from,
        case when max(case when to_on is null then 1 else 0 end) = 0 then max(to_on) end as span_to,
        {{ clm.lifecycle_cause_number('tenure') }} as cause_from_rank,
        {{ clm.lifecycle_cause_number('tenure') }} as cause_to_rank
    from spells
    where purchase_count >= {{ var('clm_loyal_purchases') }}
    group by customer_number, first_purchase_on

    union all

    select
        customer_number,
        'slipping' as condition,
        {{ clm.lifecycle_unit('slipping') }} as condition_step,
        greatest({{ clm.add_days('last_purchase_on', var('clm_slipping_days')) }}, from_on) as span_from,
        to_on as span_to,
        {{ clm.lifecycle_cause_number('silence') }} as cause_from_rank,
        {{ clm.lifecycle_cause_number('silence') }} as cause_to_rank
    from spells
    where purchase_count > 0

    union all

    select
        customer_number,
        'churned' as condition,
        {{ clm.lifecycle_unit('churned') }} as condition_step,
        churned_from as span_from,
        churned_to as span_to,
        {{ clm.lifecycle_cause_number('silence') }} as cause_from_rank,
        {{ clm.lifecycle_cause_number('engagement') }} as cause_to_rank
    from churned_periods

    union all

    select
        customer_number,
        'reactivated' as condition,
        {{ clm.lifecycle_unit('reactivated') }} as condition_step,
        returned_on as span_from,
        least(
            {{ clm.add_days('returned_on', var('clm_reactivated_days')) }},
            coalesce(next_returned_on, {{ clm.add_days('returned_on', var('clm_reactivated_days')) }})
        ) as span_to,
        {{ clm.lifecycle_cause_number('engagement') }} as cause_from_rank,
        {{ clm.lifecycle_cause_number('window_expired') }} as cause_to_rank
    from returns

    union all

    select
        advocacies.customer_number,
        'advocating' as condition,
        {{ clm.lifecycle_unit('advocating') }} as condition_step,
        greatest(advocacies.advocated_on, customers.first_fact_on) as span_from,
        least(
            {{ clm.add_days('advocacies.advocated_on', var('clm_advocacy_days')) }},
            coalesce(
                advocacies.next_advocated_on,
                {{ clm.add_days('advocacies.advocated_on', var('clm_advocacy_days')) }}
            )
        ) as span_to,
        {{ clm.lifecycle_cause_number('advocacy') }} as cause_from_rank,
        {{ clm.lifecycle_cause_number('window_expired') }} as cause_to_rank
    from advocacies
    inner join customers on advocacies.customer_number = customers.customer_number

),

final as (

    select
        customer_number,
        condition,
        cast(condition_step as bigint) as condition_step,
        span_from,
        span_to,
        cause_from_rank,
        cause_to_rank
    from spans
    where span_to is null or span_from < span_to

)

select * from final
