{#-
    Grain: one row per person, campaign and channel considered on the as-of date. Why it exists: the
    message that would go out (its entry, wave, key and price), before anything is decided.
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

campaign_channels as (

    select * from {{ ref('campaign_channels') }}

),

channels as (

    select * from {{ ref('channels') }}

),

journeys as (

    select * from {{ ref('journeys') }}

),

tagged as (

    select * from {{ ref('int_customers_tagged') }}

),

sends as (

    select * from {{ ref('int_campaign_sends') }}

),

-- when a step of a journey is due: so long after the entry, or after the step before went out
steps as (

    select
        journeys.campaign_id,
        journeys.journey_id,
        journeys.delay_days,
        journeys.delay_from,
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
        tagged.person_key,
        tagged.segment,
        tagged.lifecycle_stage,
        tagged.is_global_control,
        as_of.as_of_date,
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

),

previous_sends as (

    select
        person_key,
        campaign_id,
        max(sent_on) as sent_on
    from sends
    group by person_key, campaign_id

),

-- buckets of the person for this campaign (a journey has one control group for all its steps)
due as (

    select
        entered.*,
        {{ clm.hash_bucket(
            "'campaign|' || coalesce(steps.journey_id, entered.campaign_id) || '|' || entered.customer_id"
        ) }} as control_bucket,
        {{ clm.hash_bucket("'variant|' || entered.campaign_id || '|' || entered.customer_id") }} as variant_bucket
    from entered
    left join steps on entered.campaign_id = steps.campaign_id
    left join previous_sends
        on entered.person_key = previous_sends.person_key
        and steps.previous_campaign_id = previous_sends.campaign_id
    where
        steps.campaign_id is null
        or (
            steps.delay_from = 'entry'
            and {{ clm.days_between('entered.entered_on', 'entered.as_of_date') }} >= steps.delay_days
        )
        or (
            steps.delay_from = 'previous_step'
            and {{ clm.days_between('previous_sends.sent_on', 'entered.as_of_date') }} >= steps.delay_days
        )

),

final as (

    select
        due.as_of_date,
        due.customer_id,
        due.person_key,
        due.segment,
        due.lifecycle_stage,
        due.campaign_id,
        campaign_channels.channel,
        campaign_channels.preference,
        campaigns.priority,
        campaigns.wave,
        campaigns.offer,
        campaigns.template,
        due.is_global_control,
        due.control_bucket < campaigns.holdout_share * 10000 as is_campaign_control,
        due.variant_bucket,
        campaigns.status = 'on'
        and coalesce(campaigns.starts_on, due.as_of_date) <= due.as_of_date
        and coalesce(campaigns.ends_on, due.as_of_date) >= due.as_of_date as is_running,
        channels.address_kind,
        channels.consent_channel,
        channels.consent_purpose,
        channels.is_message,
        due.entered_on,
        cast(
            coalesce(campaigns.message_cost_amount, channels.cost_amount, 0) + coalesce(campaigns.offer_cost_amount, 0)
            as numeric(18, 4)
        ) as cost_amount,
        {{ clm.sha256(
            "campaign_channels.channel || '|' || due.campaign_id || '|' || due.customer_id || '|' || "
            ~ clm.as_text('due.entered_on') ~ " || '|' || " ~ clm.as_text('campaigns.wave')
        ) }} as message_key
    from due
    inner join campaigns on due.campaign_id = campaigns.campaign_id
    inner join campaign_channels on due.campaign_id = campaign_channels.campaign_id
    inner join channels on campaign_channels.channel = channels.channel

)

select * from final
