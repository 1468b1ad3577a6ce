{#-
    Grain: one row per person. Why it exists: since when somebody is in the stage of today, and when the
    state changes next if nothing happens.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

changes as (

    select * from {{ ref('int_lifecycle_changes') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

dated as (

    select
        changes.customer_number,
        max(
            case
                when
                    changes.changed_on <= as_of.as_of_date
                    and (
                        changes.previous_state is null
                        or {{ clm.lifecycle_state_name('changes.previous_state', 0) }}
                        <> {{ clm.lifecycle_state_name('changes.state', 0) }}
                    )
                    then changes.changed_on
            end
        ) as stage_entered_on,
        min(case when changes.changed_on > as_of.as_of_date then changes.changed_on end) as next_change_on
    from changes
    cross join as_of
    group by changes.customer_number

),

final as (

    select
        customers.customer_id,
        dated.stage_entered_on,
        dated.next_change_on
    from dated
    inner join customers on dated.customer_number = customers.customer_number

)

select * from final
