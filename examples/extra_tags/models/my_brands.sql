{#- Grain: one row per person and bought brand. A multi-valued tag, documented in my_brands.yml. -#}

with

bought as (

    select * from {{ ref('clm', 'int_customer_products') }}

),

products as (

    select * from {{ ref('clm', 'stg_products') }}

),

final as (

    select
        bought.customer_id,
        products.brand as tag_value,
        max(bought.last_bought_on) as last_bought_on
    from bought
    inner join products on bought.product_id = products.product_id
    where products.brand is not null
    group by bought.customer_id, products.brand

)

select * from final
