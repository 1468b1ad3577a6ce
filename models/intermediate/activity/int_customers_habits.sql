{#-
    Grain: one row per buyer. Why it exists: where, when and how somebody buys: channel, hour, discount.
    The favourite is the commonest; ties go to the first in byte order. Hours are NULL where orders
    carry dates without times, discounts where no order says whether there was one.
-#}

with

purchases as (

    select * from {{ ref('int_purchases') }}

),

timed as (

    select
        customer_id,
        coalesce(channel, 'unknown') as channel,
        {{ clm.part_of('hour', clm.local_time('ordered_at')) }} as order_hour,
        case when discount_amount > 0 then 1 when discount_amount is not null then 0 end as is_discounted,
        case when ordered_at <> cast(cast(ordered_at as date) as timestamp) then 1 else 0 end as has_time,
        ordered_at
    from purchases
    where is_counted

),

by_channel as (

    select
        customer_id,
        channel,
        count(*) as order_count
    from timed
    where channel <> 'unknown'
    group by customer_id, channel

),

channels as (

    select
        customer_id,
        max(case when place = 1 then channel end) as favourite_channel,
        count(*) as channel_count
    from (
        select
            by_channel.*,
            row_number() over (
                partition by customer_id
                order by order_count desc, {{ clm.byte_order('channel') }} asc
            ) as place
        from by_channel
    ) as placed
    group by customer_id

),

by_hour as (

    select
        customer_id,
        order_hour,
        count(*) as order_count
    from timed
    group by customer_id, order_hour

),

hours as (

    select
        customer_id,
        max(case when place = 1 then order_hour end) as preferred_hour
    from (
        select
            by_hour.*,
            row_number() over (
                partition by customer_id
                order by order_count desc, order_hour asc
            ) as place
        from by_hour
    ) as placed
    group by customer_id

),

counted as (

    select
        customer_id,
        count(*) as order_count,
        sum(is_discounted) as discounted_order_count,
        sum(case
            when
                order_hour >= {{ var('clm_tag_night_from_hour') }} or order_hour < {{ var('clm_tag_night_until_hour') }}
                then 1
            else 0
        end) as night_order_count,
        max(has_time) as has_time,
        max(ordered_at) as last_ordered_at
    from timed
    group by customer_id

),

final as (

    select
        counted.customer_id,
        cast(counted.order_count as integer) as order_count,
        cast(counted.discounted_order_count as integer) as discounted_order_count,
        cast(case when counted.has_time = 1 then counted.night_order_count end as integer) as night_order_count,
        cast(coalesce(channels.channel_count, 0) as integer) as channel_count,
        channels.favourite_channel,
        case when counted.has_time = 1 then hours.preferred_hour end as preferred_hour,
        counted.last_ordered_at
    from counted
    left join channels on counted.customer_id = channels.customer_id
    left join hours on counted.customer_id = hours.customer_id

)

select * from final
