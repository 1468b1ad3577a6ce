{#-
    Grain: one row per person and day up to the as-of date with a referral, a promoter's answer (NPS 9 or
    10) or a review of 5 stars. Why it exists: what makes an advocate, said once.
-#}
{{ config(materialized=clm.shared_step()) }}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

feedbacks as (

    select * from {{ ref('stg_feedbacks') }}

),

referrals as (

    select * from {{ ref('stg_referrals') }}

),

facts as (

    select
        source_customer_id,
        submitted_on as advocated_on
    from feedbacks
    where (feedback_kind = 'nps' and score >= 9) or (feedback_kind = 'review' and score >= 5)

    union all

    select
        source_referrer_customer_id as source_customer_id,
        referred_on as advocated_on
    from referrals

),

final as (

    select distinct
        customers.customer_number,
        facts.advocated_on
    from facts
    cross join as_of
    inner join identities
        on identities.id_kind = 'customer'
        and facts.source_customer_id = identities.source_id
    inner join customers on identities.customer_number = customers.customer_number
    where facts.advocated_on <= as_of.as_of_date

)

select * from final
