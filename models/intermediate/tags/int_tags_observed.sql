{#-
    Grain: one row per person, tag and value that somebody ever had at a build before the as-of date. Why it
    exists: since when a tag has been held, as observed.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

entries as (

    select * from {{ ref('int_tag_log') }}

),

earlier as (

    select entries.*
    from entries
    inner join as_of on entries.as_of_date < as_of.as_of_date
    where entries.customer_id is not null

),

steps as (

    {{ clm.tag_log_steps('earlier') }}

),

final as (

    select
        customer_id,
        tag,
        tag_value,
        case when sum(step) > 0 then max(case when step = 1 then changed_on end) end as since_on,
        min(case when step = 1 then changed_on end) as first_true_on
    from steps
    group by customer_id, tag, tag_value

)

select * from final
