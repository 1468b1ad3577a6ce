{#-
    Grain: one row per person, kind of recommendation and product. Why it exists: what to offer to whom, and why, in
    words; the products to show come first, the best of each kind is there for campaigns of that kind.
-#}

with

chosen as (

    select * from {{ ref('int_recommendations_chosen') }}

),

products as (

    select * from {{ ref('int_products') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

named as (

    select
        customers.customer_id,
        chosen.as_of_date,
        chosen.recommendation_kind,
        products.product_id,
        products.product_name,
        products.category,
        products.price_amount,
        chosen.recommendation_rank,
        chosen.kind_rank,
        chosen.share,
        chosen.score,
        because_products.product_id as because_product_id,
        coalesce(because_products.product_name, because_products.product_id) as because_product,
        chosen.purchase_day_count,
        chosen.expected_gap_days,
        chosen.due_on,
        chosen.recommendation_method
    from chosen
    inner join products on chosen.product_number = products.product_number
    inner join customers on chosen.customer_number = customers.customer_number
    left join products as because_products on chosen.because_product_number = because_products.product_number

),

final as (

    select
        customer_id,
        as_of_date,
        recommendation_kind,
        product_id,
        product_name,
        category,
        price_amount,
        recommendation_rank,
        kind_rank,
        share,
        score,
        because_product_id,
        due_on,
        {{ clm.recommendation_reason('en') }} as reason_en,
        {{ clm.recommendation_reason('zh') }} as reason_zh,
        recommendation_method
    from named

)

select * from final
