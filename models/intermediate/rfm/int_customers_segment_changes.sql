{#-
    Grain: one row per person whose segment ever changed between two observation days. Why it exists: what
    the segment was before, since when it is another, and why.
-#}

with

segments as (

    select * from {{ ref('rfm_segment_monthly') }}

),

-- the first segment that somebody ever had is no change
changed as (

    select
        customer_id,
        min(observed_on) as first_on,
        max(case when cause is not null then observed_on end) as changed_on
    from segments
    group by customer_id

),

final as (

    select
        segments.customer_id,
        segments.previous_segment,
        segments.segment,
        segments.cause,
        changed.changed_on
    from changed
    inner join segments
        on changed.customer_id = segments.customer_id
        and changed.changed_on = segments.observed_on
    where changed.changed_on > changed.first_on

)

select * from final
