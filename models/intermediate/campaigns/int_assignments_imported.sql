{#-
    Grain: one row per person, campaign and day of an assignment that another system made. Why it exists: whoever was held
    out there stays held out, and campaigns that ran before this project did are judged too.
-#}

with

assignments as (

    select * from {{ ref('stg_assignments') }}

),

journeys as (

    select * from {{ ref('journeys') }}

),

identities as (

    select * from {{ ref('int_identity_map') }}

),

final as (

    select
        identities.customer_id,
        assignments.campaign_id,
        coalesce(min(journeys.journey_id), assignments.campaign_id) as control_group,
        case when min(assignments.arm) = 'control' then 'control' else 'treated' end as arm,
        min(assignments.arm) <> max(assignments.arm) as is_mixed,
        cast(coalesce(
            min(case when assignments.arm = 'control' then assignments.arm_share else 1 - assignments.arm_share end),
            0.5
        ) as numeric(18, 4)) as control_share,
        min(assignments.assigned_at) as assigned_at,
        min({{ clm.byte_order('assignments.variant') }}) as variant,
        assignments.assigned_on
    from assignments
    inner join identities
        on identities.id_kind = 'customer'
        and assignments.source_customer_id = identities.source_id
    left join journeys on assignments.campaign_id = journeys.campaign_id
    group by identities.customer_id, assignments.campaign_id, assignments.assigned_on

)

select * from final
