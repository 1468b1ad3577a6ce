{#-
    Fails for every taxonomy and stage whose population of the as-of date is not that of customer_lifecycle,
    and for every observation day on which the taxonomies do not count the same people.
-#}

with

population as (

    select * from {{ ref('lifecycle_population_monthly') }}

),

as_of as (

    select * from {{ ref('int_as_of') }}

),

people as (
    {% for taxonomy, stage in {
        'canonical': 'lifecycle_stage', 'sub_state': "lifecycle_stage || ':' || lifecycle_sub_state",
        'growth': 'growth_stage', 'marketing': 'marketing_stage', 'value': 'value_stage', 'segment': 'segment',
    }.items() %}
    select
        '{{ taxonomy }}' as taxonomy,
        {{ stage }} as taxonomy_stage,
        count(*) as customer_count
    from {{ ref('customer_lifecycle') }}
    group by {{ stage }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

today as (

    select population.*
    from population
    inner join as_of on population.observed_on = as_of.as_of_date

),

totals as (

    select
        observed_on,
        taxonomy,
        sum(customer_count) as customer_count
    from population
    group by observed_on, taxonomy

)

select
    coalesce(today.taxonomy, people.taxonomy) as taxonomy,
    coalesce(today.taxonomy_stage, people.taxonomy_stage) as taxonomy_stage,
    today.customer_count,
    people.customer_count as expected_count
from today
full outer join people
    on today.taxonomy = people.taxonomy
    and today.taxonomy_stage = people.taxonomy_stage
where coalesce(today.customer_count, 0) <> coalesce(people.customer_count, 0)

union all

select
    'all' as taxonomy,
    cast(observed_on as {{ clm.type_text() }}) as taxonomy_stage,
    min(customer_count) as customer_count,
    max(customer_count) as expected_count
from totals
group by observed_on
having min(customer_count) <> max(customer_count)
