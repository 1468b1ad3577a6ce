{#-
    Grain: one row per zone key that occurs among the people and time zone whose clock it has to respect.
    Why it exists: a country is all of its clocks, and people of whom nothing is known have the shop's.
-#}

with

customers as (

    select * from {{ ref('int_customers_send_zones') }}

),

country_time_zones as (

    select * from {{ ref('country_time_zones') }}

),

send_zones as (

    select distinct
        zone_key,
        time_zone,
        country_code
    from customers

),

final as (

    select
        zone_key,
        time_zone
    from send_zones
    where time_zone is not null

    union all

    select
        send_zones.zone_key,
        country_time_zones.time_zone
    from send_zones
    inner join country_time_zones on send_zones.country_code = country_time_zones.country_code

    union all

    select
        zone_key,
        '{{ var('clm_timezone') }}' as time_zone
    from send_zones
    where zone_key = 'unknown'

)

select * from final
