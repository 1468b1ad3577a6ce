{#-
    Grain: one row per person who is held out, and campaign (NULL: all campaigns) from which. Why it exists: the arms of
    the logs whatever the as-of date: a mart of a past day goes out today.
-#}

with

control_log as (

    select * from {{ ref('int_control_log') }}

),

assignments as (

    select * from {{ ref('campaign_assignments') }}

),

journeys as (

    select * from {{ ref('journeys') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}

),

former_ids as (

    select * from {{ ref('int_former_ids') }}

),

-- of merged people the earliest arm, as everywhere; at one day control is the stricter
drawn as (

    select
        coalesce(former_ids.customer_id, control_log.customer_id) as customer_id,
        control_log.arm,
        row_number() over (
            partition by coalesce(former_ids.customer_id, control_log.customer_id)
            order by control_log.as_of_date asc, control_log.arm asc
        ) as place
    from control_log
    left join former_ids on control_log.customer_id = former_ids.former_id
    where control_log.entry_kind = 'assigned'

),

control_groups as (

    select
        campaigns.campaign_id,
        coalesce(journeys.journey_id, campaigns.campaign_id) as control_group
    from campaigns
    left join journeys on campaigns.campaign_id = journeys.campaign_id

),

final as (

    select
        customer_id,
        {{ clm.as_text('null') }} as campaign_id
    from drawn
    where place = 1 and arm = 'control'

    union

    select
        assignments.customer_id,
        control_groups.campaign_id
    from assignments
    inner join control_groups on assignments.control_group = control_groups.control_group
    where assignments.arm = 'control'

)

select * from final
