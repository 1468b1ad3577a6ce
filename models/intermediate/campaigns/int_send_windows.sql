{#-
    Grain: one row per channel and zone key that occurs among the people. Why it exists: quiet hours: from
    when until when the messages of the as-of date may go out, as UTC instants.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

channels as (

    select * from {{ ref('channels') }}

),

clocks as (

    select * from {{ ref('int_send_clocks') }}

),

-- an hour of the shop that no channel hour follows is no reason never to send
hours as (

    select
        channel,
        case
            when {{ var('clm_send_hour') }} between send_from_hour and send_until_hour - 1
                then {{ var('clm_send_hour') }}
            else send_from_hour
        end as from_hour,
        send_until_hour as until_hour
    from channels

),

-- the local days that can meet the day after the as-of date anywhere on earth
local_days as (

    {%- for days in range(-1, 4) %}
    select {{ clm.add_days('as_of_date', days) }} as local_on from as_of
    {{- "\n    union all" if not loop.last }}
    {%- endfor %}

),

shared as (

    select
        hours.channel,
        clocks.zone_key,
        local_days.local_on,
        max({{ clm.utc_time_in(clm.at_hour('local_days.local_on', 'hours.from_hour'), 'clocks.time_zone') }})
            as latest_beginning,
        min({{ clm.utc_time_in(clm.at_hour('local_days.local_on', 'hours.until_hour'), 'clocks.time_zone') }})
            as earliest_end
    from hours
    cross join local_days
    cross join clocks
    group by hours.channel, clocks.zone_key, local_days.local_on

),

-- clocks too far apart for a common hour: the first hour in which nobody's day has yet to begin
narrowed as (

    select
        channel,
        zone_key,
        local_on,
        latest_beginning as send_after,
        case
            when latest_beginning < earliest_end then earliest_end
            else {{ clm.at_hour('latest_beginning', 1) }}
        end as send_before,
        latest_beginning >= earliest_end as is_narrowed_empty
    from shared

),

-- the day whose middle comes after the shop's midnight: most of it lies before the next build decides anew
placed as (

    select
        narrowed.*,
        row_number() over (
            partition by narrowed.channel, narrowed.zone_key
            order by narrowed.local_on asc
        ) as place
    from narrowed
    cross join as_of
    where narrowed.send_before - {{ clm.utc_time(clm.at_hour('as_of.as_of_date', 24)) }}
        >= {{ clm.utc_time(clm.at_hour('as_of.as_of_date', 24)) }} - narrowed.send_after

),

final as (

    select
        channel,
        zone_key,
        local_on,
        send_after,
        send_before,
        is_narrowed_empty
    from placed
    where place = 1

)

select * from final
