{#-
    Grain: one row per task (campaign of kind task and person) that is decided to be handed out on the as-of date.
    Why it exists: whose desk it lands on: that of the customer's salesperson, or of the team that the campaign names.
-#}

with

decisions as (

    select * from {{ ref('segment_campaign') }}

),

campaigns as (

    select * from {{ ref('campaigns') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

final as (

    select distinct
        decisions.campaign_id,
        decisions.customer_id,
        campaigns.task_owner = 'customer_owner' as is_for_customer_owner,
        case
            when campaigns.task_owner = 'customer_owner' then coalesce(customers.owner_id, '(none)')
            else campaigns.task_owner
        end as owner_id
    from decisions
    inner join campaigns on decisions.campaign_id = campaigns.campaign_id
    inner join customers on decisions.customer_id = customers.customer_id
    where campaigns.kind = 'task' and decisions.decision = 'send'

)

select * from final
