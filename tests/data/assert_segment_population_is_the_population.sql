{#- Fails for every segment whose population or revenue is not that of its people. -#}

with

counted as (

    select
        segment,
        count(*) as customer_count,
        sum(net_revenue_amount) as net_revenue_amount
    from {{ ref('customer_lifecycle') }}
    group by segment

),

population as (

    select * from {{ ref('segment_population') }}

)

select
    coalesce(population.segment, counted.segment) as segment,
    population.customer_count,
    counted.customer_count as counted_customer_count
from population
full outer join counted on population.segment = counted.segment
where
    population.segment is null
    or population.customer_count <> coalesce(counted.customer_count, 0)
    or population.net_revenue_amount <> coalesce(counted.net_revenue_amount, 0)
