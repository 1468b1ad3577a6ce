{#-
    Grain: one row per person. Why it exists: what each customer of a salesperson brought in the last clm_owner_days
    days, and whether she was won or lost in them.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

history as (

    select * from {{ ref('lifecycle_history') }}

),

sales as (

    select
        customer_days.customer_id,
        sum({{ clm.purchases_of_day('customer_days.order_count') }}) as purchase_count,
        sum(customer_days.net_revenue_amount) as net_revenue_amount
    from customer_days
    cross join as_of
    where {{ clm.in_window('customer_days.activity_on', var('clm_owner_days')) }}
    group by customer_days.customer_id

),

lost as (

    select distinct history.customer_id
    from history
    cross join as_of
    where
        history.lifecycle_stage = 'churned'
        and coalesce(history.previous_stage, '') <> 'churned'
        and {{ clm.in_window('history.valid_from', var('clm_owner_days')) }}

),

-- bought for the first time in the window, and was a lead on the day before
won as (

    select distinct features.customer_id
    from features
    cross join as_of
    inner join history
        on features.customer_id = history.customer_id
        and {{ clm.held_before('history', 'features.first_purchase_on') }}
    where
        history.lifecycle_sub_state = 'lead'
        and {{ clm.in_window('features.first_purchase_on', var('clm_owner_days')) }}

),

final as (

    select
        features.customer_id,
        coalesce(customers.owner_id, '(none)') as owner_id,
        features.lifecycle_stage,
        cast(coalesce(sales.purchase_count, 0) as integer) as purchase_count,
        cast(coalesce(sales.net_revenue_amount, 0) as numeric(28, 2)) as net_revenue_amount,
        won.customer_id is not null as is_won,
        lost.customer_id is not null as is_lost
    from features
    inner join customers on features.customer_id = customers.customer_id
    left join sales on features.customer_id = sales.customer_id
    left join won on features.customer_id = won.customer_id
    left join lost on features.customer_id = lost.customer_id

)

select * from final
