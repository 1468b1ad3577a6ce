{#- Grain: one row per sound product. -#}

with

checked as (

    select * from {{ ref('checked_products') }}

),

final as (

    select
        checked.product_id,
        checked.product_name,
        checked.category,
        checked.brand,
        checked.price,
        checked.unit_cost,
        checked.launched_on
    from checked
    where checked.failed_rules is null

)

select * from final
