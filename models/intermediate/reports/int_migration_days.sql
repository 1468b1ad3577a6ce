{#-
    Grain: exactly one row. Why it exists: the two days that the migration matrix compares, said once: those
    of clm_migration_from and clm_migration_to, else the last two month ends. With fewer of them the as-of
    date and what there is before it.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

days as (

    select * from {{ ref('int_observation_days') }}

),

latest as (

    select
        observed_on,
        row_number() over (order by is_month_end desc, observed_on desc) as place
    from days

),

chosen as (

    select
        max(as_of.as_of_date) as as_of_date,
        max(case when latest.place = 1 then latest.observed_on end) as last_on,
        max(case when latest.place = 2 then latest.observed_on end) as earlier_on
    from as_of
    left join latest on latest.place <= 2

),

-- with one month end only, the as-of date is later than it
ordered as (

    select
        as_of_date,
        greatest(coalesce(last_on, as_of_date), coalesce(earlier_on, last_on, as_of_date)) as auto_to_on,
        least(coalesce(last_on, as_of_date), coalesce(earlier_on, last_on, as_of_date)) as auto_from_on
    from chosen

),

settled as (

    select
        least({{ clm.day_setting('clm_migration_from', 'auto_from_on') }}, as_of_date) as from_on,
        least({{ clm.day_setting('clm_migration_to', 'auto_to_on') }}, as_of_date) as to_on
    from ordered

),

final as (

    select
        from_on,
        greatest(from_on, to_on) as to_on
    from settled

)

select * from final
