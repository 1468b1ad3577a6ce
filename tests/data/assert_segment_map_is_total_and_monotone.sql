{#-
    Fails for every cell of the three scores that the map does not have exactly once, and for every pair of
    cells in which higher scores mean a less healthy segment. Judged twice: the map as it is, and with
    frequency 1 read as a single purchase (first_time from recency 3 on, else sleeping).
-#}

with

scores as (

    {% for score in range(1, 6) -%}
    select {{ score }} as score{{ ' union all ' if not loop.last }}
    {%- endfor %}

),

grid as (

    select
        recency.score as recency_score,
        frequency.score as frequency_score,
        monetary.score as monetary_score
    from scores as recency
    cross join scores as frequency
    cross join scores as monetary

),

mapped as (

    select
        segment_map.recency_score,
        segment_map.frequency_score,
        segment_map.monetary_score,
        segment_map.segment as repeat_segment,
        case
            when segment_map.frequency_score > 1 then segment_map.segment
            when segment_map.recency_score >= 3 then 'first_time'
            else 'sleeping'
        end as buyer_segment
    from {{ ref('rfm_segment_map') }} as segment_map

),

health as (

    select
        mapped.recency_score,
        mapped.frequency_score,
        mapped.monetary_score,
        repeat_segments.health_rank as repeat_rank,
        buyer_segments.health_rank as buyer_rank
    from mapped
    left join {{ ref('segments') }} as repeat_segments on mapped.repeat_segment = repeat_segments.segment
    left join {{ ref('segments') }} as buyer_segments on mapped.buyer_segment = buyer_segments.segment

),

counted as (

    select
        grid.recency_score,
        grid.frequency_score,
        grid.monetary_score,
        count(health.repeat_rank) as row_count
    from grid
    left join health
        on grid.recency_score = health.recency_score
        and grid.frequency_score = health.frequency_score
        and grid.monetary_score = health.monetary_score
    group by grid.recency_score, grid.frequency_score, grid.monetary_score

)

select
    'not exactly one row' as fault,
    recency_score,
    frequency_score,
    monetary_score
from counted
where row_count <> 1

union all

select
    'healthier than a cell with higher scores' as fault,
    lower_cell.recency_score,
    lower_cell.frequency_score,
    lower_cell.monetary_score
from health as lower_cell
inner join health as higher_cell
    on lower_cell.recency_score <= higher_cell.recency_score
    and lower_cell.frequency_score <= higher_cell.frequency_score
    and lower_cell.monetary_score <= higher_cell.monetary_score
where
    lower_cell.repeat_rank > higher_cell.repeat_rank
    or lower_cell.buyer_rank > higher_cell.buyer_rank
