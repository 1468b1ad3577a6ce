{#-
    Fails for every campaign whose variants' shares do not sum to 1, or with a share that is no
    share.
-#}

select
    campaign_id,
    sum(share) as share_sum
from {{ ref('campaign_variants') }}
group by campaign_id
having sum(share) <> 1 or min(share) <= 0

union all

select
    campaign_id,
    holdout_share as share_sum
from {{ ref('campaigns') }}
where holdout_share < 0 or holdout_share >= 1
