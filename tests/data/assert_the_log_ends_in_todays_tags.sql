{#-
    Fails for every tag of customer_tags that is not an open period of customer_tag_history begun on its
    since_on, for every open period that is no such tag, and for periods of one tag that overlap. A build of
    a day that the log does not have (going back) is not compared.
-#}

with

logged_days as (

    select as_of.as_of_date
    from {{ ref('int_as_of') }} as as_of
    inner join {{ ref('int_tag_runs') }} as runs on as_of.as_of_date = runs.as_of_date
    where runs.entry_kind = 'run'

),

tags as (

    select * from {{ ref('customer_tags') }}

),

periods as (

    select * from {{ ref('customer_tag_history') }}

),

open_periods as (

    select * from periods
    where valid_to is null

),

followed as (

    select
        periods.*,
        lead(valid_from) over (partition by customer_id, tag, tag_value order by valid_from) as next_from
    from periods

)

select
    coalesce(tags.customer_id, open_periods.customer_id) as customer_id,
    coalesce(tags.tag, open_periods.tag) as tag,
    tags.since_on,
    open_periods.valid_from
from tags
full outer join open_periods
    on tags.customer_id = open_periods.customer_id
    and tags.tag = open_periods.tag
    and coalesce(tags.tag_value, '') = coalesce(open_periods.tag_value, '')
cross join logged_days
where
    tags.customer_id is null
    or open_periods.customer_id is null
    or tags.since_on <> open_periods.valid_from
    or tags.first_true_on > tags.since_on

union all

select
    customer_id,
    tag,
    valid_from as since_on,
    next_from as valid_from
from followed
where valid_to <= valid_from or next_from < valid_to or (next_from is not null and valid_to is null)
