{#-
    Grain: one row per person with an answer, a review or a referral up to the as-of date. Why it
    exists: advocacy and the relation tags read the same counts.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

feedbacks as (

    select * from {{ ref('stg_feedbacks') }}

),

referrals as (

    select * from {{ ref('stg_referrals') }}

),

-- the latest NPS answer decides promoter or detractor
answers as (

    select
        identities.customer_id,
        feedbacks.feedback_kind,
        feedbacks.score,
        feedbacks.submitted_on,
        row_number() over (
            partition by identities.customer_id, feedbacks.feedback_kind
            order by feedbacks.submitted_at desc, {{ clm.byte_order('feedbacks.feedback_id') }} desc
        ) as place
    from feedbacks
    cross join as_of
    inner join identities
        on identities.id_kind = 'customer'
        and feedbacks.source_customer_id = identities.source_id
    where feedbacks.submitted_on <= as_of.as_of_date

),

facts as (

    select
        customer_id,
        case
            when (feedback_kind = 'nps' and score >= 9) or (feedback_kind = 'review' and score >= 5) then submitted_on
        end as advocated_on,
        case when feedback_kind = 'nps' and place = 1 then score end as nps_score,
        case when feedback_kind = 'review' then 1 else 0 end as review_count,
        0 as referral_count,
        0 as was_referred
    from answers

    union all

    select
        identities.customer_id,
        referrals.referred_on as advocated_on,
        null as nps_score,
        0 as review_count,
        1 as referral_count,
        0 as was_referred
    from referrals
    cross join as_of
    inner join identities
        on identities.id_kind = 'customer'
        and referrals.source_referrer_customer_id = identities.source_id
    where referrals.referred_on <= as_of.as_of_date

    union all

    select
        identities.customer_id,
        null as advocated_on,
        null as nps_score,
        0 as review_count,
        0 as referral_count,
        1 as was_referred
    from referrals
    cross join as_of
    inner join identities
        on identities.id_kind = 'customer'
        and referrals.source_referred_customer_id = identities.source_id
    where referrals.referred_on <= as_of.as_of_date

),

final as (

    select
        facts.customer_id,
        cast(max(facts.nps_score) as numeric(18, 4)) as nps_score,
        cast(sum(facts.review_count) as integer) as review_count,
        cast(sum(facts.referral_count) as integer) as referral_count,
        max(facts.was_referred) = 1 as is_referred,
        max(facts.advocated_on) as last_advocated_on
    from facts
    group by facts.customer_id

)

select * from final
