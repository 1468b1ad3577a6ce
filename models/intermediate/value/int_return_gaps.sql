{#-
    Grain: one row per origin, number of the purchase (4: the fourth and later), week since it and whether the next
    purchase came. Why it exists: how long people stay away, the time that is still open included, in as many
    rows as there are weeks.
-#}

with

origins as (

    select distinct origin_on from {{ ref('int_value_origins') }}

),

purchase_days as (

    select * from {{ ref('int_value_purchase_days') }}

),

known as (

    select
        origins.origin_on,
        least(purchase_days.purchase_number, 4) as purchase_number,
        coalesce(purchase_days.next_on <= origins.origin_on, false) as is_return,
        case
            when purchase_days.next_on <= origins.origin_on
                then {{ clm.days_between('purchase_days.ordered_on', 'purchase_days.next_on') }}
            else {{ clm.days_between('purchase_days.ordered_on', 'origins.origin_on') }}
        end as gap_days
    from purchase_days
    cross join origins
    where purchase_days.ordered_on <= origins.origin_on

),

final as (

    select
        origin_on,
        cast(purchase_number as integer) as purchase_number,
        cast(floor(gap_days / 7.0) as integer) as week_number,
        is_return,
        count(*) as purchase_count
    from known
    group by origin_on, purchase_number, cast(floor(gap_days / 7.0) as integer), is_return

)

select * from final
