{#-
    Grain: one row per person, campaign and channel considered on the as-of date. Why it exists: the
    message that would go out (its entry, wave, key and price), before anything is decided.
-#}

with

entries as (

    select * from {{ ref('int_campaign_entries') }}

),

arms as (

    select * from {{ ref('int_campaign_arms') }}

),

held_out as (

    select * from {{ ref('int_customers_held_out') }}

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

sends as (

    select * from {{ ref('int_campaign_sends') }}

),

previous_sends as (

    select
        customer_id,
        campaign_id,
        max(sent_on) as sent_on
    from sends
    group by customer_id, campaign_id

),

-- steps of a journey wait: so long after the entry, or after the step before went out
due as (

    select
        entries.*,
        arms.is_campaign_control,
        arms.variant,
        held_out.is_global_control
    from entries
    inner join arms
        on entries.customer_id = arms.customer_id
        and entries.campaign_id = arms.campaign_id
    inner join held_out on entries.customer_id = held_out.customer_id
    left join previous_sends
        on entries.customer_id = previous_sends.customer_id
        and entries.previous_campaign_id = previous_sends.campaign_id
        and entries.entered_on <= previous_sends.sent_on
    where {{ clm.days_between(
        "case when entries.delay_from = 'previous_step' then previous_sends.sent_on else entries.entered_on end",
        'entries.as_of_date'
    ) }} >= coalesce(entries.delay_days, 0)

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
        due.is_campaign_control,
        due.variant,
        due.is_running,
        due.is_goal_reached,
        campaigns.entry_rule = 'once' as is_once,
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
