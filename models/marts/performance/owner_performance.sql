{#-
    Grain: one row per salesperson (owner_id of customers; `(none)`: nobody's). Why it exists: who looks after whom,
    what it brought in the last clm_owner_days days, and what is still to do.
-#}

with

people as (

    select * from {{ ref('int_owner_people') }}

),

planned as (

    select * from {{ ref('int_tasks_planned') }}

),

sent as (

    select * from {{ ref('int_tasks_sent') }}

),

planned_counts as (

    select
        owner_id,
        count(*) as planned_count
    from planned
    where is_for_customer_owner
    group by owner_id

),

sent_counts as (

    select
        owner_id,
        sum(case when task_state in ('open', 'overdue') then 1 else 0 end) as open_count,
        sum(case when task_state = 'overdue' then 1 else 0 end) as overdue_count
    from sent
    where is_for_customer_owner
    group by owner_id

),

counted as (

    select
        owner_id,
        cast(count(*) as integer) as customer_count,
        {%- for stage in ['prospect', 'new', 'active', 'loyal', 'churned'] %}
        cast(sum(case when lifecycle_stage = '{{ stage }}' then 1 else 0 end) as integer) as {{ stage }}_count,
        {%- endfor %}
        cast(sum(case when purchase_count > 0 then 1 else 0 end) as integer) as buyer_count,
        cast(sum(purchase_count) as integer) as purchase_count,
        cast(sum(net_revenue_amount) as numeric(28, 2)) as net_revenue_amount,
        cast(sum(case when is_won then 1 else 0 end) as integer) as converted_count,
        cast(sum(case when is_lost then 1 else 0 end) as integer) as lost_count
    from people
    group by owner_id

),

final as (

    select
        counted.owner_id,
        cast({{ var('clm_owner_days') }} as integer) as window_days,
        counted.customer_count,
        {%- for stage in ['prospect', 'new', 'active', 'loyal', 'churned'] %}
        counted.{{ stage }}_count,
        {%- endfor %}
        counted.buyer_count,
        counted.purchase_count,
        counted.net_revenue_amount,
        counted.converted_count,
        counted.lost_count,
        cast(coalesce(planned_counts.planned_count, 0) as integer) as planned_task_count,
        cast(coalesce(sent_counts.open_count, 0) as integer) as open_task_count,
        cast(coalesce(sent_counts.overdue_count, 0) as integer) as overdue_task_count
    from counted
    left join planned_counts on counted.owner_id = planned_counts.owner_id
    left join sent_counts on counted.owner_id = sent_counts.owner_id

)

select * from final
