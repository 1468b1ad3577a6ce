-- The generated jaffle shop as the raw tables of the contract (DuckDB; README.md says why).
-- Reads: raw_customers, raw_orders, raw_products as jafgen writes them, amounts in cents.
-- Makes: orders, customers, products.


-- Grain: one row per order. All orders are paid at the counter of a store, tax included.
create or replace view orders as
select
    cast(id as varchar) as order_id,
    cast(customer as varchar) as customer_id,
    cast(ordered_at as timestamp) as ordered_at,
    'completed' as status,
    cast(cast(order_total as decimal(18, 0)) * 0.01 as decimal(18, 2)) as amount,
    cast(cast(tax_paid as decimal(18, 0)) * 0.01 as decimal(18, 2)) as tax_amount,
    'store' as channel
from raw_orders;


-- Grain: one row per customer.
create or replace view customers as
select
    cast(id as varchar) as customer_id,
    name as full_name
from raw_customers;


-- Grain: one row per product.
create or replace view products as
select
    sku as product_id,
    name as product_name,
    type as category,
    cast(cast(price as decimal(18, 0)) * 0.01 as decimal(18, 4)) as price
from raw_products;
