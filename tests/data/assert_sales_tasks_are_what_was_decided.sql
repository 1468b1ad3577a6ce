{#-
    Fails for every task decided to be handed out that sales_tasks lacks, and for every row of it that was not decided.
-#}

with

decided as (

    select
        decisions.message_key,
        decisions.customer_id
    from {{ ref('segment_campaign') }} as decisions
    inner join {{ ref('campaigns') }} as campaigns on decisions.campaign_id = campaigns.campaign_id
    where campaigns.kind = 'task' and decisions.decision = 'send'

),

tasks as (

    select * from {{ ref('sales_tasks') }}

)

select
    decided.message_key as decided_key,
    tasks.message_key as task_key
from decided
full outer join tasks
    on decided.message_key = tasks.message_key
    and decided.customer_id = tasks.customer_id
where decided.message_key is null or tasks.message_key is null
