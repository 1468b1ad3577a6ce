{#-
    Grain: one row per answer, review or recommendation up to the as-of date. Why it exists: all kinds of
    feedback in one shape, of people who exist, with where they stand today.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

feedbacks as (

    select * from {{ ref('stg_feedbacks') }}

),

referrals as (

    select * from {{ ref('stg_referrals') }}

),

answers as (

    select
        source_customer_id,
        feedback_kind,
        score,
        case
            when score >= case when feedback_kind = 'nps' then 9 else 4 end then 1 else 0
        end as is_positive,
        case
            when score <= case when feedback_kind = 'nps' then 6 else 2 end then 1 else 0
        end as is_negative,
        submitted_on as answered_on
    from feedbacks

    union all

    select
        source_referrer_customer_id as source_customer_id,
        'referral' as feedback_kind,
        cast(null as numeric(18, 4)) as score,
        1 as is_positive,
        0 as is_negative,
        referred_on as answered_on
    from referrals

),

final as (

    select
        features.customer_id,
        features.lifecycle_stage,
        features.segment,
        {{ clm.month_text('answers.answered_on') }} as answered_month,
        answers.feedback_kind,
        answers.score,
        answers.is_positive,
        answers.is_negative
    from answers
    cross join as_of
    inner join identities
        on identities.id_kind = 'customer'
        and answers.source_customer_id = identities.source_id
    inner join features on identities.customer_id = features.customer_id
    where answers.answered_on <= as_of.as_of_date

)

select * from final
