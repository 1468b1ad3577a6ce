{#-
    Grain: one row per person, campaign and channel considered on the as-of date. Why it exists: why did
    this person (not) get this: every row has one decision and exactly one reason, the first that
    applies. Budgets go to the most valuable people first.
-#}

with

capped as (

    select * from {{ ref('int_campaign_capped') }}

),

budgets as (

    select * from {{ ref('int_campaign_spent') }}

),

predicted as (

    select * from {{ ref('int_customers_predicted') }}

),

recommended as (

    select * from {{ ref('int_customers_recommended') }}

),

send_zones as (

    select * from {{ ref('int_customers_send_zones') }}

),

send_windows as (

    select * from {{ ref('int_send_windows') }}

),

ordered as (

    select
        capped.*,
        budgets.messages_left,
        budgets.amount_left,
        row_number() over (
            partition by capped.campaign_id, case when capped.closed_by is null then 1 else 0 end
            order by
                coalesce(predicted.predicted_value_amount, 0) desc,
                {{ clm.byte_order('capped.customer_id') }} asc,
                {{ clm.byte_order('capped.channel') }} asc
        ) as place,
        sum(capped.cost_amount) over (
            partition by capped.campaign_id, case when capped.closed_by is null then 1 else 0 end
            order by
                coalesce(predicted.predicted_value_amount, 0) desc,
                {{ clm.byte_order('capped.customer_id') }} asc,
                {{ clm.byte_order('capped.channel') }} asc
            rows between unbounded preceding and current row
        ) as cost_so_far
    from capped
    inner join budgets on capped.campaign_id = budgets.campaign_id
    left join predicted on capped.customer_id = predicted.customer_id

),

reasoned as (

    select
        ordered.*,
        case
            when closed_by is not null then closed_by
            when place > messages_left or cost_so_far > amount_left then 'budget_exhausted'
            else 'eligible'
        end as decision_reason
    from ordered

),

final as (

    select
        reasoned.as_of_date,
        reasoned.customer_id,
        reasoned.segment,
        reasoned.lifecycle_stage,
        reasoned.campaign_id,
        reasoned.channel,
        case
            when reasoned.decision_reason = 'eligible' then 'send'
            when
                reasoned.decision_reason in (
                    'erased', 'suppressed', 'global_control', 'campaign_control', 'no_consent', 'unsubscribed'
                )
                then 'never'
            else 'hold'
        end as decision,
        reasoned.decision_reason,
        reasoned.variant,
        reasoned.wave,
        reasoned.priority,
        reasoned.offer,
        reasoned.template,
        reasoned.entered_on,
        send_windows.send_after,
        send_windows.send_before,
        reasoned.message_key,
        reasoned.cost_amount,
        reasoned.consent_changed_at,
        reasoned.consent_id,
        recommended.favourite_category,
        recommended.recommended_product_ids
    from reasoned
    left join recommended on reasoned.customer_id = recommended.customer_id
    left join send_zones on reasoned.customer_id = send_zones.customer_id
    left join send_windows
        on reasoned.channel = send_windows.channel and send_zones.zone_key = send_windows.zone_key

)

select * from final
