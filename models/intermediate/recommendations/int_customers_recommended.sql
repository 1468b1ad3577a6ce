{#-
    Grain: one row per person with something recommended or a favourite category. Why it exists: the recommendations
    of a person side by side, as campaigns fill them into a message.
-#}

with

chosen as (

    select * from {{ ref('int_recommendations_chosen') }}

),

tastes as (

    select * from {{ ref('int_customer_tastes') }}
    where origin_number = 0

),

products as (

    select * from {{ ref('int_products') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

named as (

    select
        chosen.customer_number,
        chosen.recommendation_kind,
        chosen.recommendation_rank,
        chosen.kind_rank,
        chosen.due_on,
        products.product_id
    from chosen
    inner join products on chosen.product_number = products.product_number

),

beside as (

    select
        customer_number,
        {%- for place in range(1, var('clm_recommendation_count') | int + 1) %}
        max(case when recommendation_rank = {{ place }} then product_id end) as product_{{ place }},
        {%- endfor %}
        max(case when recommendation_kind = 'replenishment' and kind_rank = 1 then product_id end)
            as replenishment_product_id,
        max(case when recommendation_kind = 'replenishment' and kind_rank = 1 then due_on end) as replenishment_due_on,
        max(case when recommendation_kind = 'bought_together' and kind_rank = 1 then product_id end)
            as bought_together_product_id,
        max(case when recommendation_kind = 'next_higher' and kind_rank = 1 then product_id end)
            as next_higher_product_id,
        max(case when recommendation_kind = 'new_arrival' and kind_rank = 1 then product_id end)
            as new_arrival_product_id
    from named
    group by customer_number

),

final as (

    select
        customers.customer_id,
        tastes.category as favourite_category,
        case tastes.price_band_number when 1 then 'low' when 2 then 'mid' when 3 then 'high' end
            as favourite_price_band,
        nullif(concat_ws(
            ', '
            {%- for place in range(1, var('clm_recommendation_count') | int + 1) %},
            product_{{ place }}
            {%- endfor %}
        ), '') as recommended_product_ids,
        beside.replenishment_product_id,
        beside.replenishment_due_on,
        beside.bought_together_product_id,
        beside.next_higher_product_id,
        beside.new_arrival_product_id
    from customers
    left join beside on customers.customer_number = beside.customer_number
    left join tastes on customers.customer_number = tastes.customer_number
    where beside.customer_number is not null or tastes.customer_number is not null

)

select * from final
