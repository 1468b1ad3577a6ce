{#-
    Fails for every predictive tag of somebody who has denied profiling or taken the consent back, in
    customer_tags and in the list of customer_lifecycle.
-#}

with

refusals as (

    select distinct customer_id
    from {{ ref('int_consents_in_force') }}
    where purpose = 'profiling' and status <> 'granted'

),

predictive as (

    select tag
    from {{ ref('tag_catalogue') }}
    where is_predictive

)

select
    tags.customer_id,
    tags.tag
from {{ ref('customer_tags') }} as tags
inner join refusals on tags.customer_id = refusals.customer_id
inner join predictive on tags.tag = predictive.tag

union all

select
    customers.customer_id,
    predictive.tag
from {{ ref('customer_lifecycle') }} as customers
inner join refusals on customers.customer_id = refusals.customer_id
cross join predictive
where
    ',' || customers.tags || ',' like '%,' || predictive.tag || ',%'
    or ',' || customers.tags like '%,' || predictive.tag || ':%'
