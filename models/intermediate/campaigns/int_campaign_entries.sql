{#-
    Grain: one row per person and campaign in whose audience the person is on the as-of date. Why it exists: the day of this
    entry, whether the journey's goal was reached since, and the buckets that decide the arm, before anything else is
    looked at.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

members as (

    select * from {{ ref('int_campaign_members') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}

),

journeys as (

    select * from {{ ref('journeys') }}

),

tagged as (

    select * from {{ ref('int_customers_tagged') }}

),

-- when a step of a journey is due: so long after the entry, or after the step before
steps as (

    select
        journeys.campaign_id,
        journeys.journey_id,
        journeys.delay_days,
        journeys.delay_from,
        journeys.exit_goal,
        previous_steps.campaign_id as previous_campaign_id
    from journeys
    left join journeys as previous_steps
        on journeys.journey_id = previous_steps.journey_id
        and journeys.step = previous_steps.step + 1

),

entered as (

    select
        members.campaign_id,
        members.customer_id,
        coalesce(steps.journey_id, members.campaign_id) as control_group,
        steps.delay_days,
        steps.delay_from,
        steps.exit_goal,
        steps.previous_campaign_id,
        tagged.person_key,
        tagged.segment,
        tagged.lifecycle_stage,
        tagged.last_purchase_on,
        tagged.days_since_last_engagement,
        as_of.as_of_date,
        campaigns.holdout_share,
        campaigns.status = 'on'
        and coalesce(campaigns.starts_on, as_of.as_of_date) <= as_of.as_of_date
        and coalesce(campaigns.ends_on, as_of.as_of_date) >= as_of.as_of_date as is_running,
        case
            when campaigns.entry_rule = 'every_n_days'
                then {{ clm.add_days(
                    'tagged.first_fact_on',
                    'floor(tagged.days_since_first_fact / cast(campaigns.entry_every_days as '
                    ~ clm.type_double() ~ ')) * campaigns.entry_every_days'
                ) }}
            when campaigns.entry_anchor = 'first_purchase' then coalesce(tagged.first_purchase_on, tagged.first_fact_on)
            when campaigns.entry_anchor = 'last_purchase' then coalesce(tagged.last_purchase_on, tagged.first_fact_on)
            when campaigns.entry_anchor = 'birthday_month'
                then cast({{ dbt.date_trunc('month', 'as_of.as_of_date') }} as date)
            else tagged.first_fact_on
        end as entered_on
    from members
    cross join as_of
    inner join campaigns on members.campaign_id = campaigns.campaign_id
    inner join tagged on members.customer_id = tagged.customer_id
    left join steps on members.campaign_id = steps.campaign_id

),

final as (

    select
        as_of_date,
        campaign_id,
        customer_id,
        person_key,
        segment,
        lifecycle_stage,
        control_group,
        entered_on,
        is_running,
        delay_days,
        delay_from,
        previous_campaign_id,
        coalesce(case exit_goal
            when 'purchase' then last_purchase_on > entered_on
            when 'engagement'
                then {{ clm.days_between('entered_on', 'as_of_date') }} > days_since_last_engagement
        end, false) as is_goal_reached,
        {{ clm.hash_bucket("'campaign|' || control_group || '|' || customer_id") }}
        < holdout_share * 10000 as is_drawn_control,
        cast(holdout_share as numeric(18, 4)) as control_share,
        {{ clm.hash_bucket("'variant|' || campaign_id || '|' || customer_id") }} as variant_bucket
    from entered

)

select * from final
