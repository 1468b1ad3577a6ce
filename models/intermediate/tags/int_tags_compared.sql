{#-
    Grain: one row per documented tag. Why it exists: what the run before saw of each tag, and for how long
    it has had no members.
-#}

with

counted as (

    select * from {{ ref('int_tags_counted') }}

),

runs as (

    select * from {{ ref('int_tag_runs') }}

),

earlier as (

    select
        runs.tag,
        runs.rule_version,
        runs.customer_count,
        runs.population_count,
        runs.as_of_date,
        row_number() over (partition by runs.tag order by runs.as_of_date desc) as place
    from runs
    inner join counted
        on runs.tag = counted.tag
        and runs.as_of_date < counted.as_of_date
    where runs.entry_kind = 'tag'

),

seen as (

    select
        tag,
        max(case when place = 1 then as_of_date end) as previous_run_on,
        max(case when place = 1 then rule_version end) as previous_rule_version,
        max(case when place = 1 then customer_count end) as previous_customer_count,
        max(case when place = 1 then population_count end) as previous_population_count,
        min(as_of_date) as first_run_on,
        max(case when customer_count > 0 then as_of_date end) as last_members_on
    from earlier
    group by tag

),

compared as (

    select
        counted.tag,
        counted.rule_version,
        counted.customer_count,
        cast(
            coalesce({{ clm.ratio('counted.customer_count', 'counted.population_count') }}, 0) as numeric(28, 6)
        ) as customer_rate,
        seen.previous_run_on,
        seen.previous_rule_version,
        {{ clm.ratio('seen.previous_customer_count', 'seen.previous_population_count') }} as previous_customer_rate,
        case
            when counted.customer_count > 0 then 0
            else coalesce({{ clm.days_between(
                'coalesce(seen.last_members_on, seen.first_run_on)', 'counted.as_of_date'
            ) }}, 0)
        end as days_without_members
    from counted
    left join seen on counted.tag = seen.tag

),

final as (

    select
        compared.*,
        cast(customer_rate - previous_customer_rate as numeric(28, 6)) as customer_rate_change,
        coalesce(rule_version <> previous_rule_version, false) as is_rule_changed,
        coalesce(
            abs(customer_rate - previous_customer_rate) > {{ var('clm_tag_drift_rate') }} * previous_customer_rate,
            false
        ) as is_share_changed
    from compared

)

select * from final
