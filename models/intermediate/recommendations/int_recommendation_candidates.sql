{#-
    Grain: one row per origin, person, kind and product. Why it exists: every reason to recommend something to somebody,
    without what she has and does not need again yet. The score is the share of people like her who buy it: those who
    came back to it, who bought it with the other product, of the buyers of its category or of all buyers.
-#}

with

people as (

    select * from {{ ref('int_recommendation_people') }}

),

owned as (

    select * from {{ ref('int_customer_products_owned') }}

),

sales as (

    select * from {{ ref('int_product_sales') }}

),

together as (

    select * from {{ ref('int_recommended_together') }}

),

in_category as (

    select * from {{ ref('int_recommended_in_category') }}

),

candidates as (

    select
        origin_number,
        customer_number,
        'bought_together' as recommendation_kind,
        product_number,
        because_product_number,
        confidence as score
    from together

    union all

    select
        origin_number,
        customer_number,
        recommendation_kind,
        product_number,
        null as because_product_number,
        score
    from in_category

    union all

    select
        people.origin_number,
        people.customer_number,
        'popular' as recommendation_kind,
        sales.product_number,
        null as because_product_number,
        sales.buyer_share as score
    from people
    inner join sales on people.origin_number = sales.origin_number
    where sales.popularity_place <= 10

),

not_owned as (

    select candidates.*
    from candidates
    left join owned
        on candidates.origin_number = owned.origin_number
        and candidates.customer_number = owned.customer_number
        and candidates.product_number = owned.product_number
    where owned.product_number is null

    union all

    select
        origin_number,
        customer_number,
        'replenishment' as recommendation_kind,
        product_number,
        null as because_product_number,
        repeat_rate as score
    from owned
    where is_due

),

final as (

    select
        origin_number,
        customer_number,
        recommendation_kind,
        product_number,
        cast(because_product_number as integer) as because_product_number,
        cast(score as numeric(28, 6)) as score
    from not_owned

)

select * from final
