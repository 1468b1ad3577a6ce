-- The classic jaffle shop as the raw tables of the contract (DuckDB; README.md says why).
-- Reads: raw_customers, raw_orders, raw_payments, the three seeds of the shop. Makes: orders, customers.


-- Grain: one row per order. Payments are in cents; an order without a payment has the amount 0.
create or replace view orders as
select
    cast(raw_orders.id as varchar) as order_id,
    cast(raw_orders.user_id as varchar) as customer_id,
    cast(raw_orders.order_date as timestamp) as ordered_at,
    case raw_orders.status
        when 'completed' then 'completed'
        when 'shipped' then 'shipped'
        when 'placed' then 'pending'
        when 'returned' then 'refunded'
        when 'return_pending' then 'completed'
        else raw_orders.status
    end as status,
    cast(cast(coalesce(payments.cents, 0) as decimal(18, 0)) * 0.01 as decimal(18, 2)) as amount
from raw_orders
left join (
    select order_id, sum(amount) as cents from raw_payments group by order_id
) as payments
    on raw_orders.id = payments.order_id;


-- Grain: one row per customer.
create or replace view customers as
select
    cast(id as varchar) as customer_id,
    first_name || ' ' || last_name as full_name
from raw_customers;
