{#-
    Fails for every journey whose steps are not 1, 2, 3 …, whose first step waits for a step before
    it, or whose campaigns disagree about the wave or the entry.
-#}

with

steps as (

    select
        journeys.*,
        campaigns.wave,
        campaigns.entry_anchor,
        row_number()
            over (partition by journeys.journey_id order by journeys.step asc, journeys.campaign_id asc)
            as place,
        first_value(campaigns.entry_anchor) over (
            partition by journeys.journey_id
            order by journeys.step asc, journeys.campaign_id asc
        ) as first_anchor
    from {{ ref('journeys') }} as journeys
    left join {{ ref('campaigns') }} as campaigns on journeys.campaign_id = campaigns.campaign_id

)

select
    journey_id,
    step,
    campaign_id,
    wave
from steps
where
    step <> place
    or wave is null
    or wave <> step
    or delay_days < 0
    or (step = 1 and delay_from <> 'entry')
    or coalesce(entry_anchor, '') <> coalesce(first_anchor, '')
