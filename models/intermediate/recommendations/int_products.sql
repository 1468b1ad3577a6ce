{#-
    Grain: one row per product that is in the catalogue or was bought. Why it exists: products are numbered once (byte
    order of their ids), with a price to compare them by (that of the catalogue, else what was paid on average) and the
    third of their category that this price is in; fewer than three different prices make no thirds: all are mid. Where
    there is a catalogue, a product that is not in it is not listed, and not recommended.
-#}

with

catalogue as (

    select * from {{ ref('stg_products') }}

),

paid as (

    select
        product_id,
        avg(unit_price_amount) as paid_price_amount
    from {{ ref('int_purchase_lines') }}
    group by product_id

),

sizes as (

    select count(*) as listed_count from catalogue

),

priced as (

    select
        coalesce(catalogue.product_id, paid.product_id) as product_id,
        catalogue.product_name,
        catalogue.category,
        catalogue.launched_on,
        catalogue.product_id is not null or sizes.listed_count = 0 as is_listed,
        cast(
            case
                when abs(catalogue.price) < 10000000000000 then catalogue.price
                else round(cast(paid.paid_price_amount as numeric(28, 6)), 2)
            end as numeric(28, 2)
        ) as price_amount
    from catalogue
    full join paid on catalogue.product_id = paid.product_id
    cross join sizes

),

placed as (

    select
        priced.*,
        row_number() over (order by {{ clm.byte_order('product_id') }} asc) as product_number,
        rank() over (
            partition by category, case when price_amount is null then 1 else 0 end
            order by price_amount asc
        ) as price_place,
        dense_rank() over (
            partition by category, case when price_amount is null then 1 else 0 end
            order by price_amount asc
        ) as price_level,
        count(price_amount) over (partition by category) as priced_count
    from priced

),

levelled as (

    select
        placed.*,
        max(price_level) over (partition by category) as price_level_count
    from placed

),

final as (

    select
        cast(product_number as integer) as product_number,
        product_id,
        product_name,
        category,
        launched_on,
        is_listed,
        price_amount,
        case
            when price_amount is null or category is null then null
            when price_level_count < 3 then 2
            else cast(1 + floor(3.0 * (price_place - 1) / priced_count) as integer)
        end as price_band_number
    from levelled

)

select * from final
