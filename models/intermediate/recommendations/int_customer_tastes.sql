{#-
    Grain: one row per origin and person with a favourite category. Why it exists: the category of which she bought most
    units, and the price band of most of these units (ties go to the first in byte order, and to the lower band). Who
    bought nothing of any category has the one she looked at most, which is known as of the as-of date only.
-#}

with

people as (

    select * from {{ ref('int_recommendation_people') }}

),

owned as (

    select * from {{ ref('int_customer_products_owned') }}

),

products as (

    select * from {{ ref('int_products') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

interests as (

    select * from {{ ref('int_customer_interests') }}

),

band_units as (

    select
        owned.origin_number,
        owned.customer_number,
        products.category,
        products.price_band_number,
        sum(owned.bought_quantity) as bought_quantity
    from owned
    inner join products on owned.product_number = products.product_number
    where products.category is not null
    group by owned.origin_number, owned.customer_number, products.category, products.price_band_number

),

category_units as (

    select
        band_units.*,
        sum(bought_quantity) over (partition by origin_number, customer_number, category) as category_quantity
    from band_units

),

placed as (

    select
        category_units.*,
        row_number() over (
            partition by origin_number, customer_number
            order by
                category_quantity desc,
                {{ clm.byte_order('category') }} asc,
                case when price_band_number is null then 1 else 0 end asc,
                bought_quantity desc,
                price_band_number asc
        ) as place
    from category_units

),

looked_at as (

    select
        customers.customer_number,
        interests.category,
        row_number() over (
            partition by customers.customer_number
            order by interests.interest_event_count desc, {{ clm.byte_order('interests.category') }} asc
        ) as place
    from interests
    inner join customers on interests.customer_id = customers.customer_id

),

final as (

    select
        people.origin_number,
        people.customer_number,
        coalesce(placed.category, looked_at.category) as category,
        placed.category is not null as is_bought,
        placed.price_band_number
    from people
    left join placed
        on people.origin_number = placed.origin_number
        and people.customer_number = placed.customer_number
        and placed.place = 1
    left join looked_at
        on people.customer_number = looked_at.customer_number
        and people.origin_number = 0
        and looked_at.place = 1
    where coalesce(placed.category, looked_at.category) is not null

)

select * from final
