{#-
    Grain: one row per person, control group (a campaign or a journey; `(global)` for the global control group), campaign and
    day of an assignment up to the as-of date, by the ids of today. Why it exists: the log and what other systems
    assigned, read in one way; the earliest assignment tells the arm, and whether people with different arms were merged.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

control_log as (

    select * from {{ ref('int_control_log') }}

),

assignment_log as (

    select * from {{ ref('int_assignment_log') }}

),

imported as (

    select * from {{ ref('int_assignments_imported') }}

),

former_ids as (

    select * from {{ ref('int_former_ids') }}

),

logged as (

    select
        'clm' as assigned_by,
        customer_id,
        '(global)' as control_group,
        {{ clm.as_text('null') }} as campaign_id,
        arm,
        {{ clm.as_text('null') }} as variant,
        {{ clm.as_text('null') }} as segment,
        {{ clm.as_text('null') }} as lifecycle_stage,
        cast(null as date) as entered_on,
        cast(control_share as numeric(18, 4)) as control_share,
        cast(null as timestamp) as assigned_at,
        as_of_date as assigned_on
    from control_log
    where entry_kind = 'assigned'

    union all

    select
        'clm' as assigned_by,
        customer_id,
        control_group,
        campaign_id,
        arm,
        variant,
        segment,
        lifecycle_stage,
        entered_on,
        cast(control_share as numeric(18, 4)) as control_share,
        cast(null as timestamp) as assigned_at,
        as_of_date as assigned_on
    from assignment_log
    where entry_kind = 'assigned'

),

-- two ids of a person that were assigned alike on a day are one assignment
renamed as (

    select
        logged.assigned_by,
        coalesce(former_ids.customer_id, logged.customer_id) as customer_id,
        logged.control_group,
        logged.campaign_id,
        logged.arm,
        logged.variant,
        min({{ clm.byte_order('logged.segment') }}) as segment,
        min({{ clm.byte_order('logged.lifecycle_stage') }}) as lifecycle_stage,
        logged.entered_on,
        min(logged.control_share) as control_share,
        min(logged.assigned_at) as assigned_at,
        logged.assigned_on,
        0 as is_mixed
    from logged
    left join former_ids on logged.customer_id = former_ids.former_id
    group by
        logged.assigned_by,
        coalesce(former_ids.customer_id, logged.customer_id),
        logged.control_group,
        logged.campaign_id,
        logged.arm,
        logged.variant,
        logged.entered_on,
        logged.assigned_on

    union all

    select
        'imported' as assigned_by,
        customer_id,
        control_group,
        campaign_id,
        arm,
        variant,
        {{ clm.as_text('null') }} as segment,
        {{ clm.as_text('null') }} as lifecycle_stage,
        cast(null as date) as entered_on,
        control_share,
        assigned_at,
        assigned_on,
        case when is_mixed then 1 else 0 end as is_mixed
    from imported

),

-- of two on a day, control is the stricter
placed as (

    select
        renamed.*,
        first_value(renamed.arm) over (
            partition by renamed.customer_id, renamed.control_group
            order by renamed.assigned_on asc, renamed.arm asc
        ) as kept_arm,
        row_number() over (
            partition by renamed.customer_id, renamed.control_group, renamed.campaign_id
            order by renamed.assigned_on asc, renamed.assigned_by asc, renamed.arm asc, renamed.entered_on asc
        ) as place,
        max(renamed.is_mixed) over (partition by renamed.customer_id, renamed.control_group) = 1
        or min(renamed.arm) over (partition by renamed.customer_id, renamed.control_group)
        <> max(renamed.arm) over (partition by renamed.customer_id, renamed.control_group) as has_both_arms
    from renamed
    cross join as_of
    where renamed.assigned_on <= as_of.as_of_date

),

final as (

    select
        customer_id,
        control_group,
        campaign_id,
        assigned_on,
        assigned_at,
        entered_on,
        assigned_by,
        arm as assigned_arm,
        kept_arm as arm,
        has_both_arms as is_mixed,
        cast(control_share as numeric(18, 4)) as control_share,
        variant,
        segment,
        lifecycle_stage,
        place = 1 as is_first
    from placed

)

select * from final
