{#-
    Grain: one row per as-of date that was built and person who entered a campaign that was running, and one row per date for
    the run itself. Why it exists: the arm in which somebody entered is kept, whatever becomes of shares, and both arms are
    judged as they were assigned. A build of a date replaces that date; a build of a date before the latest changes nothing,
    as for the log of tags. A later step of a journey is assigned so long after the step before, sent or not, in both arms.
-#}
{{ config(
    materialized='incremental', incremental_strategy=clm.log_strategy(), unique_key=clm.log_key(),
    partition_by=clm.log_partition(), full_refresh=false, alias=clm.log_alias(model)
) }}
{%- set texts = ['customer_id', 'campaign_id', 'control_group', 'arm', 'variant', 'segment', 'lifecycle_stage'] -%}
{%- set columns = {} -%}
{%- for name in texts %}{% do columns.update({name: clm.type_text()}) %}{% endfor -%}
{%- do columns.update({'control_share': 'numeric(18, 4)', 'entered_on': 'date'}) %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

campaign_entries as (

    select * from {{ ref('int_campaign_entries') }}

),

imported as (

    select * from {{ ref('int_assignments_imported') }}

),

variants as (

    select * from {{ ref('int_campaign_variants') }}

),

former_ids as (

    select * from {{ ref('int_former_ids') }}

),

entries as (
    {% if is_incremental() %}
    select * from {{ this }}
    {% else %}
    select
        {{ clm.as_text('null') }} as entry_kind,
        {%- for name in texts %}
        {{ clm.as_text('null') }} as {{ name }},
        {%- endfor %}
        cast(null as numeric(18, 4)) as control_share,
        as_of_date as entered_on,
        as_of_date
    from as_of
    where 1 = 0
    {% endif %}
),

{{ clm.log_days() }},

-- whoever was assigned before, by the ids of today
earlier as (

    select
        coalesce(former_ids.customer_id, entries.customer_id) as customer_id,
        entries.campaign_id,
        entries.control_group,
        entries.arm,
        entries.variant,
        entries.entered_on,
        entries.as_of_date as assigned_on
    from entries
    inner join writing on entries.as_of_date < writing.as_of_date
    left join former_ids on entries.customer_id = former_ids.former_id
    where entries.entry_kind = 'assigned'

    union all

    select
        imported.customer_id,
        imported.campaign_id,
        imported.control_group,
        imported.arm,
        imported.variant,
        cast(null as date) as entered_on,
        imported.assigned_on
    from imported
    inner join writing on imported.assigned_on <= writing.as_of_date

),

-- the earliest arm and variant hold; of two on a day, control is the stricter
placed as (

    select
        earlier.*,
        row_number() over (
            partition by customer_id, control_group
            order by assigned_on asc, arm asc, {{ clm.byte_order('campaign_id') }} asc
        ) as arm_place,
        row_number() over (
            partition by customer_id, campaign_id
            order by assigned_on asc, {{ clm.byte_order("coalesce(variant, '')") }} desc
        ) as variant_place
    from earlier

),

entered as (

    select
        customer_id,
        campaign_id,
        entered_on,
        min(assigned_on) as assigned_on
    from earlier
    where entered_on is not null
    group by customer_id, campaign_id, entered_on

),

due as (

    select
        campaign_entries.*,
        coalesce(arms.arm, case when campaign_entries.is_drawn_control then 'control' else 'treated' end) as arm,
        coalesce(kept_variants.variant, variants.variant, 'a') as variant
    from campaign_entries
    inner join writing on campaign_entries.as_of_date = writing.as_of_date
    left join entered
        on campaign_entries.customer_id = entered.customer_id
        and campaign_entries.campaign_id = entered.campaign_id
        and campaign_entries.entered_on = entered.entered_on
    left join entered as previous_steps
        on campaign_entries.customer_id = previous_steps.customer_id
        and campaign_entries.previous_campaign_id = previous_steps.campaign_id
        and campaign_entries.entered_on = previous_steps.entered_on
    left join placed as arms
        on campaign_entries.customer_id = arms.customer_id
        and campaign_entries.control_group = arms.control_group
        and arms.arm_place = 1
    left join placed as kept_variants
        on campaign_entries.customer_id = kept_variants.customer_id
        and campaign_entries.campaign_id = kept_variants.campaign_id
        and kept_variants.variant_place = 1
    left join variants
        on campaign_entries.campaign_id = variants.campaign_id
        and campaign_entries.variant_bucket >= variants.from_bucket
        and campaign_entries.variant_bucket < variants.until_bucket
    where
        campaign_entries.is_running
        and not campaign_entries.is_goal_reached
        and entered.customer_id is null
        and {{ clm.days_between(
            "case when campaign_entries.delay_from = 'previous_step' then previous_steps.assigned_on"
            ~ " else campaign_entries.entered_on end",
            'campaign_entries.as_of_date'
        ) }} >= coalesce(campaign_entries.delay_days, 0)

),

final as (

    select
        'assigned' as entry_kind,
        {%- for name in texts %}
        {{ name }},
        {%- endfor %}
        control_share,
        entered_on,
        as_of_date
    from due

    union all

    {{ clm.log_marks(columns) }}

)

select * from final
