{#-
    Fails for every campaign that lacks what its kind, its entry rule or its budget needs, or ends
    before it starts.
-#}

select
    campaign_id,
    kind,
    entry_rule,
    entry_every_days
from {{ ref('campaigns') }}
where
    (entry_rule = 'every_n_days') <> (entry_every_days is not null)
    or entry_every_days < 1
    or (kind = 'task') <> (task_owner is not null)
    or (kind = 'task') <> (task_due_days is not null)
    or ends_on < starts_on
    or wave < 1
    or budget_messages < 0
    or budget_amount < 0
    or message_cost_amount < 0
    or offer_cost_amount < 0
    or conversion_window_days < 1
