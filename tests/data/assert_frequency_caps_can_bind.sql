{#-
    Fails for every frequency cap that is none (less than 0 messages or a day), that stands twice for its scope and window,
    or that can never bind because a longer window of its scope allows fewer messages.
-#}

with

caps as (

    select * from {{ ref('frequency_caps') }}

)

select
    scope,
    window_days,
    max_messages,
    'no cap' as fault
from caps
where window_days < 1 or max_messages < 0

union all

select
    scope,
    window_days,
    min(max_messages) as max_messages,
    'twice' as fault
from caps
group by scope, window_days
having count(*) > 1

union all

select
    shorter.scope,
    shorter.window_days,
    shorter.max_messages,
    'never binds' as fault
from caps as shorter
inner join caps as longer
    on shorter.scope = longer.scope
    and shorter.window_days < longer.window_days
    and shorter.max_messages > longer.max_messages
