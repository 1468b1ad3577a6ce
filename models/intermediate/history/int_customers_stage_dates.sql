{#-
    Grain: one row per person. Why it exists: since when somebody is in the stage of today, and when the
    state changes next if nothing happens.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

states as (

    select * from {{ ref('int_lifecycle_states') }}

),

final as (

    select
        states.customer_id,
        max(
            case
                when
                    states.changed_on <= as_of.as_of_date
                    and (states.previous_stage is null or states.previous_stage <> states.lifecycle_stage)
                    then states.changed_on
            end
        ) as stage_entered_on,
        min(case when states.changed_on > as_of.as_of_date then states.changed_on end) as next_change_on
    from states
    cross join as_of
    group by states.customer_id

)

select * from final
