{#-
    Fails for every step of lifecycle_funnel with more people than the step before, for every dimension whose
    groups do not add up to all people, and where the first step is not the population.
-#}

with

funnel as (

    select
        steps.*,
        lag(customer_count) over (partition by dimension, dimension_value order by step_number asc) as count_before
    from {{ ref('lifecycle_funnel') }} as steps

),

population as (

    select count(*) as customer_count
    from {{ ref('customer_lifecycle') }}

),

by_dimension as (

    select
        dimension,
        step,
        sum(customer_count) as customer_count
    from funnel
    group by dimension, step

)

select
    dimension,
    step
from funnel
where customer_count > count_before or conversion_rate > 1 or median_days < 0

union all

select
    others.dimension,
    others.step
from by_dimension as others
inner join by_dimension as everybody
    on others.step = everybody.step
    and everybody.dimension = 'all'
where others.customer_count <> everybody.customer_count

union all

select
    by_dimension.dimension,
    by_dimension.step
from by_dimension
cross join population
where by_dimension.step = 'known' and by_dimension.customer_count <> population.customer_count
