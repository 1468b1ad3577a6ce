{#-
    Grain: one row per earlier origin, person who is judged and product she bought in the horizon after it. Why it
    exists: what a recommendation had to hit.
-#}

with

people as (

    select * from {{ ref('int_recommendation_people') }}
    where origin_number > 0

),

days as (

    select * from {{ ref('int_customer_product_days') }}

),

final as (

    select distinct
        people.origin_number,
        people.customer_number,
        days.product_number
    from people
    inner join days
        on people.customer_number = days.customer_number
        and people.origin_on < days.ordered_on
        and {{ clm.days_between('people.origin_on', 'days.ordered_on') }}
            <= {{ var('clm_recommendation_horizon_days') }}

)

select * from final
