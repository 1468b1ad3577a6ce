{#-
    Grain: one row per person and campaign in whose audience the person is on the as-of date. Why it exists: the arm and the
    variant that hold: as first assigned; where nobody assigned yet (a campaign that is not running, a past as-of date
    before the log began), as they would be drawn.
-#}

with

entries as (

    select * from {{ ref('int_campaign_entries') }}

),

assignments as (

    select * from {{ ref('campaign_assignments') }}
    where control_group <> '(global)'

),

variants as (

    select * from {{ ref('int_campaign_variants') }}

),

arms as (

    select
        customer_id,
        control_group,
        min(arm) as arm
    from assignments
    group by customer_id, control_group

),

kept as (

    select
        customer_id,
        campaign_id,
        variant
    from assignments
    where is_first and variant is not null

),

final as (

    select
        entries.customer_id,
        entries.campaign_id,
        coalesce(arms.arm = 'control', entries.is_drawn_control) as is_campaign_control,
        coalesce(kept.variant, variants.variant, 'a') as variant
    from entries
    left join arms
        on entries.customer_id = arms.customer_id
        and entries.control_group = arms.control_group
    left join kept
        on entries.customer_id = kept.customer_id
        and entries.campaign_id = kept.campaign_id
    left join variants
        on entries.campaign_id = variants.campaign_id
        and entries.variant_bucket >= variants.from_bucket
        and entries.variant_bucket < variants.until_bucket

)

select * from final
