{#-
    Grain: one row per person, campaign and channel considered. Why it exists: the gates that look at
    this row alone, the first that closes named (closed_by), and the first apart from already_entered (blocked_by); NULL
    where the row is open.
-#}

with

considered as (

    select * from {{ ref('int_campaign_considered') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

suppressions as (

    select * from {{ ref('int_campaign_suppressions') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

sends as (

    select * from {{ ref('int_campaign_sends') }}

),

keyed_sends as (

    select distinct message_key
    from sends
    where message_key is not null

),

-- what another sender reports has no key, and a key of a former id is another one; these count from the entry on
campaign_sends as (

    select
        customer_id,
        campaign_id,
        max(sent_on) as last_sent_on,
        max(case when message_key is null or is_former then sent_on end) as last_unkeyed_on
    from sends
    group by customer_id, campaign_id

),

erased as (

    select distinct customer_id
    from suppressions
    where reason = 'erased'

),

suppressed_channels as (

    select distinct
        customer_id,
        channel
    from suppressions
    where reason = 'suppressed'

),

judged as (

    select
        considered.*,
        consents.changed_at as consent_changed_at,
        case when consents.status = 'granted'
            then {{ clm.sha256(
                "consents.customer_id || '|' || consents.channel || '|' || consents.purpose || '|' || "
                ~ clm.as_text('consents.changed_at')
            ) }}
        end as consent_id,
        case
            when erased.customer_id is not null then 'erased'
            when suppressed_everywhere.customer_id is not null or suppressed_here.customer_id is not null
                then 'suppressed'
            when not considered.is_running then 'campaign_off'
        end as closed_before_entry,
        case
            when
                max(case when keyed_sends.message_key is not null then 1 else 0 end)
                    over (partition by considered.customer_id, considered.campaign_id)
                = 1
                or campaign_sends.last_unkeyed_on >= considered.entered_on
                or (considered.is_once and campaign_sends.last_sent_on is not null)
                then 'already_entered'
        end as closed_by_entry,
        case
            when considered.is_goal_reached then 'goal_reached'
            when considered.is_global_control then 'global_control'
            when considered.is_campaign_control then 'campaign_control'
            when considered.address_kind = 'email' and customers.email is null then 'no_address'
            when considered.address_kind = 'phone' and customers.phone is null then 'no_address'
            when considered.consent_channel is not null and consents.status = 'unsubscribed' then 'unsubscribed'
            when considered.consent_channel is not null and coalesce(consents.status, 'denied') <> 'granted'
                then 'no_consent'
        end as closed_after_entry
    from considered
    inner join customers on considered.customer_id = customers.customer_id
    left join erased on considered.customer_id = erased.customer_id
    left join suppressed_channels as suppressed_everywhere
        on considered.customer_id = suppressed_everywhere.customer_id
        and suppressed_everywhere.channel is null
    left join suppressed_channels as suppressed_here
        on considered.customer_id = suppressed_here.customer_id
        and considered.channel = suppressed_here.channel
    left join consents
        on considered.customer_id = consents.customer_id
        and considered.consent_channel = consents.channel
        and considered.consent_purpose = consents.purpose
    left join keyed_sends on considered.message_key = keyed_sends.message_key
    left join campaign_sends
        on considered.customer_id = campaign_sends.customer_id
        and considered.campaign_id = campaign_sends.campaign_id

),

final as (

    select
        as_of_date,
        customer_id,
        person_key,
        segment,
        lifecycle_stage,
        campaign_id,
        channel,
        preference,
        priority,
        wave,
        offer,
        template,
        variant,
        is_message,
        cost_amount,
        coalesce(closed_before_entry, closed_by_entry, closed_after_entry) as closed_by,
        -- whoever was added to an audience stays there as long as nothing else closes
        coalesce(closed_before_entry, closed_after_entry) as blocked_by,
        entered_on,
        consent_changed_at,
        consent_id,
        message_key
    from judged

)

select * from final
