{#-
    Grain: one row per campaign with an attributed purchase or a result. Why it exists: what attribution gives a campaign beside
    what it brought against its control, over the same people and days; where they disagree, the control is right.
-#}
{%- set ways = ['first', 'last', 'linear', 'position'] %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

attributed as (

    select * from {{ ref('campaign_attribution') }}

),

units as (

    select * from {{ ref('int_campaign_units') }}
    where experiment_level = 'campaign' and not is_open

),

orders as (

    select * from {{ ref('int_order_margins') }}

),

results as (

    select * from {{ ref('campaign_results') }}
    where breakdown = 'all' and experiment_level = 'campaign'

),

all_sums as (

    select
        campaign_id,
        count(distinct order_id) as purchase_count,
        {%- for way in ways %}
        sum({{ way }}_revenue_amount) as {{ way }}_revenue_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from attributed
    group by campaign_id

),

-- of these, the people and days that the result is about
judged_sums as (

    select
        attributed.campaign_id,
        {%- for way in ways %}
        sum(attributed.{{ way }}_revenue_amount) as {{ way }}_revenue_amount{{ ',' if not loop.last }}
        {%- endfor %}
    from attributed
    inner join orders on attributed.order_id = orders.order_id
    inner join units
        on attributed.campaign_id = units.experiment_id
        and attributed.customer_id = units.customer_id
        and attributed.ordered_on <= {{ clm.add_days('units.assigned_on', 'units.window_days') }}
    where
        units.arm = 'treated'
        and (
            attributed.ordered_on > units.assigned_on
            or attributed.ordered_on = units.assigned_on and coalesce(orders.ordered_at >= units.assigned_at, false)
        )
    group by attributed.campaign_id

),

final as (

    select
        as_of.as_of_date,
        coalesce(all_sums.campaign_id, results.experiment_id) as campaign_id,
        cast(coalesce(all_sums.purchase_count, 0) as integer) as purchase_count,
        {%- for way in ways %}
        cast(coalesce(all_sums.{{ way }}_revenue_amount, 0) as numeric(28, 2)) as {{ way }}_revenue_amount,
        {%- endfor %}
        {%- for way in ways %}
        cast(case
            when results.revenue_difference is not null then coalesce(judged_sums.{{ way }}_revenue_amount, 0)
        end as numeric(28, 2)) as judged_{{ way }}_revenue_amount,
        {%- endfor %}
        results.incremental_revenue,
        results.incremental_revenue_lower_bound,
        results.incremental_revenue_upper_bound,
        case
            when results.revenue_difference is null then 'no_control'
            when coalesce(judged_sums.last_revenue_amount, 0) > results.incremental_revenue_upper_bound
                then 'attribution_too_high'
            when coalesce(judged_sums.last_revenue_amount, 0) < results.incremental_revenue_lower_bound
                then 'attribution_too_low'
            else 'within_interval'
        end as agreement
    from all_sums
    full outer join results on all_sums.campaign_id = results.experiment_id
    cross join as_of
    left join judged_sums on coalesce(all_sums.campaign_id, results.experiment_id) = judged_sums.campaign_id
    where all_sums.campaign_id is not null or results.treated_count > 0

)

select * from final
