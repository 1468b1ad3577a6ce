{#-
    Grain: one row per origin, number of the purchase (4: the fourth and later), week since it and whether the next
    purchase came. Why it exists: how long people stay away, the time that is still open included, in as many
    rows as there are weeks.
-#}

with

origins as (

    select distinct origin_on from {{ ref('int_value_origins') }}

),

purchases as (

    select * from {{ ref('int_purchases') }}

),

purchase_days as (

    select distinct
        customer_number,
        ordered_on
    from purchases
    where is_counted

),

gaps as (

    select
        ordered_on,
        lead(ordered_on) over (partition by customer_number order by ordered_on asc) as next_on,
        row_number() over (partition by customer_number order by ordered_on asc) as purchase_number
    from purchase_days

),

known as (

    select
        origins.origin_on,
        least(gaps.purchase_number, 4) as purchase_number,
        coalesce(gaps.next_on <= origins.origin_on, false) as is_return,
        case
            when gaps.next_on <= origins.origin_on then {{ clm.days_between('gaps.ordered_on', 'gaps.next_on') }}
            else {{ clm.days_between('gaps.ordered_on', 'origins.origin_on') }}
        end as gap_days
    from gaps
    cross join origins
    where gaps.ordered_on <= origins.origin_on

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
