{#- Grain: one row per sound unit (a person, a visit, a shop) of an experiment and metric. -#}

with

checked as (

    select * from {{ ref('checked_experiments') }}

),

final as (

    select
        checked.experiment_id,
        checked.unit_id,
        checked.arm,
        coalesce(checked.metric, 'outcome') as metric,
        checked.outcome,
        checked.revenue as revenue_amount,
        checked.revenue_before as revenue_before_amount,
        checked.arm_share
    from checked
    where checked.failed_rules is null

)

select * from final
