{#-
    Grain: one row per experiment and person assigned in it: a campaign (its first assignment of the person), a journey (of any
    of its steps), and `(global)`: everything against the global control group. Why it exists: who is compared with whom, as
    assigned. People of the global control group are left out of campaigns: they could not be treated. A campaign is judged
    by the days after each assignment, the global control group by the last days of everybody drawn before them.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

assignments as (

    select * from {{ ref('campaign_assignments') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}

),

held_out as (

    select * from {{ ref('int_customers_held_out') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

-- steps of a journey are one experiment as well, judged over the longest window
levels as (

    select
        'campaign' as experiment_level,
        assignments.campaign_id as experiment_id,
        assignments.*,
        campaigns.conversion_window_days as window_days
    from assignments
    inner join campaigns on assignments.campaign_id = campaigns.campaign_id

    union all

    select
        'journey' as experiment_level,
        assignments.control_group as experiment_id,
        assignments.*,
        max(campaigns.conversion_window_days) over (partition by assignments.control_group) as window_days
    from assignments
    inner join campaigns on assignments.campaign_id = campaigns.campaign_id
    where assignments.control_group <> assignments.campaign_id

    union all

    select
        'global' as experiment_level,
        assignments.control_group as experiment_id,
        assignments.*,
        {{ var('clm_global_control_window_days') }} as window_days
    from assignments
    where assignments.campaign_id is null

),

placed as (

    select
        levels.*,
        row_number() over (
            partition by levels.experiment_id, levels.customer_id
            order by levels.assigned_on asc, levels.assigned_by asc, levels.assigned_arm asc, levels.entered_on asc,
                {{ clm.byte_order('levels.campaign_id') }} asc
        ) as place
    from levels

),

final as (

    select
        placed.experiment_level,
        placed.experiment_id,
        placed.customer_id,
        customers.customer_number,
        placed.arm,
        placed.control_share,
        placed.is_mixed,
        placed.variant,
        placed.segment,
        placed.lifecycle_stage,
        placed.assigned_on,
        placed.assigned_at,
        case
            when placed.experiment_level = 'global'
                then greatest(placed.assigned_on, {{ clm.add_days('as_of.as_of_date', '1 - placed.window_days') }})
            else placed.assigned_on
        end as counted_from,
        cast(placed.window_days as integer) as window_days,
        {{ clm.days_between('placed.assigned_on', 'as_of.as_of_date') }} < placed.window_days as is_open
    from placed
    cross join as_of
    inner join customers on placed.customer_id = customers.customer_id
    inner join held_out on placed.customer_id = held_out.customer_id
    where
        placed.place = 1
        and (placed.experiment_level = 'global' or not held_out.is_global_control)

)

select * from final
