{#-
    Grain: one row per person, campaign and channel considered. Why it exists: frequency caps over what went out before and
    what is planned now. A channel has one message a day, so its caps ask whether one more is allowed; the caps of all
    channels count the survivors in the order of priority. Whoever is capped gets nothing on that channel that day.
-#}

with

chosen as (

    select * from {{ ref('int_campaign_chosen') }}

),

allowances as (

    select * from {{ ref('int_contact_allowances') }}

),

caps as (

    select
        scope,
        min(max_messages) as max_messages
    from {{ ref('frequency_caps') }}
    where max_messages is not null
    group by scope

),

counted as (

    select
        chosen.*,
        chosen.closed_by is null and chosen.is_message as is_counted,
        -- no more than the caps say, nor than what went out before leaves of them; NULL: no limit
        least(
            coalesce(channel_caps.max_messages, channel_allowances.allowed_count),
            coalesce(channel_allowances.allowed_count, channel_caps.max_messages)
        ) as channel_allowed_count,
        least(
            coalesce(all_caps.max_messages, all_allowances.allowed_count),
            coalesce(all_allowances.allowed_count, all_caps.max_messages)
        ) as all_allowed_count
    from chosen
    left join caps as channel_caps on chosen.channel = channel_caps.scope
    left join caps as all_caps on all_caps.scope = 'all'
    left join allowances as channel_allowances
        on chosen.customer_id = channel_allowances.customer_id
        and chosen.channel = channel_allowances.scope
    left join allowances as all_allowances
        on chosen.customer_id = all_allowances.customer_id
        and all_allowances.scope = 'all'

),

placed as (

    select
        counted.*,
        row_number() over (
            partition by
                customer_id,
                case when is_counted and coalesce(channel_allowed_count, 1) >= 1 then 1 else 0 end
            order by priority asc, {{ clm.byte_order('campaign_id') }} asc, {{ clm.byte_order('channel') }} asc
        ) as place
    from counted

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
        priority,
        wave,
        offer,
        template,
        variant,
        cost_amount,
        entered_on,
        consent_changed_at,
        consent_id,
        message_key,
        case
            when closed_by is not null then closed_by
            when is_counted and channel_allowed_count < 1 then 'frequency_cap:' || channel
            when is_counted and place > all_allowed_count then 'frequency_cap:all'
        end as closed_by
    from placed

)

select * from final
