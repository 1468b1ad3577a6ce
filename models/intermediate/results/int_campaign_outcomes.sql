{#-
    Grain: one row per experiment and person assigned in it. Why it exists: what came after the assignment within the window
    (and, for comparison, within as many days before): purchases, net revenue, margin, and the messages that reached the
    person, of the arm that should get them or not.
-#}

with

units as (

    select * from {{ ref('int_campaign_units') }}

),

orders as (

    select * from {{ ref('int_order_margins') }}

),

messages as (

    select * from {{ ref('int_campaign_messages') }}

),

-- on the day of the assignment itself only where its moment is known
bought as (

    select
        units.experiment_id,
        units.customer_id,
        orders.net_revenue_amount,
        orders.margin_amount,
        orders.ordered_on > units.assigned_on or coalesce(orders.ordered_at >= units.assigned_at, false) as is_after
    from units
    inner join orders
        on units.customer_number = orders.customer_number
        and (
            units.counted_from <= orders.ordered_on
            and {{ clm.add_days('units.counted_from', 'units.window_days') }} >= orders.ordered_on
            or {{ clm.add_days('units.assigned_on', '-units.window_days') }} < orders.ordered_on
            and units.assigned_on >= orders.ordered_on
        )

),

bought_sums as (

    select
        experiment_id,
        customer_id,
        max(case when is_after then 1 else 0 end) as is_converted,
        sum(case when is_after then net_revenue_amount else 0 end) as revenue_amount,
        sum(case when is_after then margin_amount end) as margin_amount,
        sum(case when is_after then 0 else net_revenue_amount end) as revenue_before_amount
    from bought
    group by experiment_id, customer_id

),

-- the messages of the campaign, of any step of the journey, of everything
sent as (

    select
        units.experiment_id,
        units.customer_id,
        sum(messages.cost_amount) as cost_amount
    from units
    inner join messages
        on units.customer_id = messages.customer_id
        and case units.experiment_level
            when 'campaign' then units.experiment_id = messages.campaign_id
            when 'journey' then units.experiment_id = messages.control_group
            else true
        end
        and units.counted_from <= messages.sent_on
        and messages.sent_on <= {{ clm.add_days('units.counted_from', 'units.window_days') }}
    group by units.experiment_id, units.customer_id

),

final as (

    select
        units.experiment_level,
        units.experiment_id,
        units.customer_id,
        units.arm,
        units.control_share,
        units.is_mixed,
        units.variant,
        units.segment,
        units.lifecycle_stage,
        units.is_open,
        cast(coalesce(bought_sums.is_converted, 0) as integer) as is_converted,
        cast(coalesce(bought_sums.revenue_amount, 0) as numeric(28, 2)) as revenue_amount,
        cast(bought_sums.margin_amount as numeric(28, 2)) as margin_amount,
        cast(coalesce(bought_sums.revenue_before_amount, 0) as numeric(28, 2)) as revenue_before_amount,
        sent.customer_id is not null as is_reached,
        cast(coalesce(sent.cost_amount, 0) as numeric(28, 4)) as cost_amount
    from units
    left join bought_sums
        on units.experiment_id = bought_sums.experiment_id
        and units.customer_id = bought_sums.customer_id
    left join sent
        on units.experiment_id = sent.experiment_id
        and units.customer_id = sent.customer_id

)

select * from final
