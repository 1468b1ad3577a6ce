{#-
    Grain: one row per person. Why it exists: by whose clock a person may be written to: that of the own
    time zone where it is a known one, else the clocks of the country, else the shop's.
-#}

with

customers as (

    select * from {{ ref('int_customers') }}

),

time_zones as (

    select * from {{ ref('time_zones') }}

),

country_time_zones as (

    select * from {{ ref('country_time_zones') }}

),

countries as (

    select distinct country_code from country_time_zones

),

final as (

    select
        customers.customer_id,
        case
            when time_zones.time_zone is not null then time_zones.time_zone
            when countries.country_code is not null then 'country:' || countries.country_code
            else 'unknown'
        end as zone_key,
        time_zones.time_zone,
        case when time_zones.time_zone is null then countries.country_code end as country_code
    from customers
    left join time_zones on lower(trim(customers.timezone)) = lower(time_zones.time_zone)
    left join countries on customers.country = countries.country_code

)

select * from final
