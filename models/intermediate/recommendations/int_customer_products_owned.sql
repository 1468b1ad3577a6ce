{#-
    Grain: one row per origin, person and product that she had bought. Why it exists: when she needs it again: the gap
    expected is (her gaps + 3 * that of everybody) / (number of her gaps + 3) days after the last purchase. Until then, or
    where it is nothing that runs out, it is not recommended; long after, she has given it up.
-#}

with

people as (

    select * from {{ ref('int_recommendation_people') }}

),

days as (

    select * from {{ ref('int_customer_product_days') }}

),

rhythms as (

    select * from {{ ref('int_product_rhythms') }}

),

sales as (

    select * from {{ ref('int_product_sales') }}

),

bought as (

    select
        people.origin_number,
        people.origin_on,
        people.customer_number,
        days.product_number,
        count(*) as day_count,
        cast(sum(days.bought_quantity) as numeric(28, 4)) as bought_quantity,
        min(days.ordered_on) as first_on,
        max(days.ordered_on) as last_on
    from people
    inner join days
        on people.customer_number = days.customer_number
        and people.origin_on >= days.ordered_on
    group by people.origin_number, people.origin_on, people.customer_number, days.product_number

),

paced as (

    select
        bought.*,
        sales.product_number is not null as is_on_sale,
        rhythms.repeat_rate,
        {{ clm.days_between('bought.last_on', 'bought.origin_on') }} as silence_days,
        cast(
            round(
                cast(
                    ({{ clm.days_between('bought.first_on', 'bought.last_on') }} + 3 * rhythms.replenishment_days)
                    / (bought.day_count + 2) as numeric(18, 6)
                ), 0
            ) as integer
        ) as expected_gap_days
    from bought
    inner join rhythms
        on bought.origin_number = rhythms.origin_number
        and bought.product_number = rhythms.product_number
    left join sales
        on bought.origin_number = sales.origin_number
        and bought.product_number = sales.product_number

),

final as (

    select
        origin_number,
        customer_number,
        product_number,
        cast(day_count as integer) as purchase_day_count,
        bought_quantity,
        last_on as last_bought_on,
        expected_gap_days,
        {{ clm.add_days('last_on', 'expected_gap_days') }} as due_on,
        coalesce(
            is_on_sale
            and silence_days >= expected_gap_days
            and silence_days <= {{ var('clm_replenishment_lost_ratio') }} * expected_gap_days,
            false
        ) as is_due,
        -- own repeats, and three purchases of everybody's
        cast(
            round(cast((day_count - 1 + 3 * repeat_rate) / (day_count + 3) as numeric(28, 9)), 6) as numeric(28, 6)
        ) as repeat_rate
    from paced

)

select * from final
