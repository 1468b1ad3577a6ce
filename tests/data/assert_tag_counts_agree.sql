{#-
    Fails for every tag whose number of people in tag_catalogue is not that of customer_tags, or not that of
    the run of the day, and for every tag and value whose number in tag_performance is another.
-#}

with

tags as (

    select * from {{ ref('customer_tags') }}

),

people as (

    select
        tag,
        count(distinct customer_id) as customer_count
    from tags
    group by tag

),

valued as (

    select
        tag,
        tag_value,
        count(*) as customer_count
    from tags
    group by tag, tag_value

),

runs as (

    select runs.*
    from {{ ref('int_tag_runs') }} as runs
    inner join {{ ref('int_as_of') }} as as_of on runs.as_of_date = as_of.as_of_date
    where runs.entry_kind = 'tag'

)

select
    catalogue.tag,
    cast(null as {{ clm.type_text() }}) as tag_value,
    catalogue.customer_count,
    people.customer_count as expected_count
from {{ ref('tag_catalogue') }} as catalogue
full outer join people on catalogue.tag = people.tag
left join runs on catalogue.tag = runs.tag
where
    catalogue.tag is null
    or catalogue.customer_count <> coalesce(people.customer_count, 0)
    or catalogue.customer_count <> runs.customer_count

union all

select
    coalesce(valued.tag, performance.tag) as tag,
    coalesce(valued.tag_value, performance.tag_value) as tag_value,
    performance.customer_count,
    valued.customer_count as expected_count
from valued
full outer join {{ ref('tag_performance') }} as performance
    on valued.tag = performance.tag
    and coalesce(valued.tag_value, '') = coalesce(performance.tag_value, '')
where coalesce(valued.customer_count, 0) <> coalesce(performance.customer_count, 0)
