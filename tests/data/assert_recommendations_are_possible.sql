{#-
    Fails for every recommendation to somebody who refused profiling or was forgotten, of a product that she has and
    does not need again yet, or that is not launched yet; for places with a gap or a product in two of them, shares
    outside of 0 to 1, pairs that do not attract each other, and two opinions on a favourite category.
-#}

with

recommended as (

    select * from {{ ref('customer_recommendations') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

people as (

    select * from {{ ref('customer_360') }}

),

bought as (

    select * from {{ ref('int_customer_products') }}

),

products as (

    select * from {{ ref('stg_products') }}

)

select
    recommended.customer_id as failure,
    'without permission' as reason
from recommended
inner join features on recommended.customer_id = features.customer_id
inner join people on recommended.customer_id = people.customer_id
where features.is_profiling_denied or people.is_erased

union all

select
    recommended.customer_id as failure,
    'not needed again yet' as reason
from recommended
inner join bought
    on recommended.customer_id = bought.customer_id
    and recommended.product_id = bought.product_id
where
    bought.bought_quantity > 0
    and (
        recommended.recommendation_kind <> 'replenishment'
        or recommended.due_on > recommended.as_of_date
        or recommended.due_on <= bought.last_bought_on
    )

union all

select
    recommended.customer_id as failure,
    'not launched yet' as reason
from recommended
inner join products on recommended.product_id = products.product_id
where recommended.recommendation_kind = 'new_arrival' and products.launched_on > recommended.as_of_date

union all

select
    customer_id as failure,
    'places with a gap or a product twice' as reason
from recommended
where recommendation_rank is not null
group by customer_id
having
    min(recommendation_rank) <> 1
    or max(recommendation_rank) <> count(*)
    or count(*) <> count(distinct product_id)
    or count(*) <> count(distinct recommendation_rank)
    or count(*) > {{ var('clm_recommendation_count') }}

union all

select
    customer_id as failure,
    'impossible share' as reason
from recommended
where share not between 0 and 1 or score not between 0 and 1

union all

select
    product_id as failure,
    'no pair' as reason
from {{ ref('product_affinity') }}
where
    lift <= 1
    or confidence not between 0 and 1
    or support not between 0 and confidence
    or order_count < {{ var('clm_pair_least_orders') }}
    or product_id = other_product_id

union all

select
    people.customer_id as failure,
    'two favourite categories' as reason
from people
inner join {{ ref('int_customers_recommended') }} as tastes on people.customer_id = tastes.customer_id
where people.favourite_category <> tastes.favourite_category
