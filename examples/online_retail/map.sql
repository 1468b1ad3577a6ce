-- The Online Retail file as the raw tables of the contract (DuckDB; README.md says why).
--
-- Reads:  source_lines, a table or view with the file's own columns.
-- Makes:  orders, order_items, refunds, products, customers            the raw tables
--         classified_lines, refund_allocation, reconciliation          what became of every line
--
-- Amounts are in cents from the first step on: a line's amount is rounded once, half away from
-- zero, and everything else is a sum of lines.


-- Codes that are no product. Every other code is goods.
create or replace table fee_codes (product_code varchar, code_kind varchar);
insert into fee_codes values
    ('POST', 'shipping'), ('DOT', 'shipping'), ('C2', 'shipping'),
    ('M', 'manual'), ('BANK CHARGES', 'bank_charge'), ('D', 'discount'),
    ('AMAZONFEE', 'shop_cost'), ('S', 'shop_cost'), ('CRUK', 'shop_cost'), ('B', 'bad_debt');


-- Grain: one row per line of the file. Equal lines differ in line_number alone.
create or replace table typed_lines as
with

numbered as (
    select
        *,
        row_number() over (
            partition by upper(trim(InvoiceNo))
            order by
                upper(trim(StockCode)) asc, StockCode asc, coalesce(Description, '') asc,
                Quantity asc, UnitPrice asc, InvoiceDate asc, coalesce(Country, '') asc
        ) as line_number
    from source_lines
)

select
    upper(trim(InvoiceNo)) as invoice_no,
    line_number,
    row_number() over (
        partition by
            InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country
        order by line_number asc
    ) > 1 as is_exact_duplicate,
    upper(trim(StockCode)) as product_code,
    nullif(trim(Description), '') as product_name,
    -- 17850.0 is how a spreadsheet writes the customer 17850
    nullif(regexp_replace(trim(cast(CustomerID as varchar)), '[.]0$', ''), '') as customer_id,
    nullif(trim(Country), '') as country,
    cast(InvoiceDate as timestamp) as invoiced_at,
    cast(Quantity as decimal(18, 0)) as quantity,
    cast(UnitPrice as decimal(18, 4)) as unit_price,
    cast(Quantity as decimal(18, 0)) * cast(UnitPrice as decimal(18, 4)) as exact_amount,
    cast(
        round(cast(Quantity as decimal(18, 0)) * cast(UnitPrice as decimal(18, 4)), 2) as decimal(18, 2)
    ) as amount
from numbered;


-- An invoice without customer and without any price is a correction of the stock, nobody's order.
create or replace table stock_corrections as
select invoice_no
from typed_lines
group by invoice_no
having count(customer_id) = 0 and max(abs(unit_price)) = 0;


-- Grain: one row per line of the file, with its class. The first rule that holds decides, and the
-- last one catches what the file's makers never described, so that no line is without a class.
create or replace table classified_lines as
select
    typed_lines.*,
    coalesce(fee_codes.code_kind, 'goods') as code_kind,
    case
        when stock_corrections.invoice_no is not null then 'stock_correction'
        when fee_codes.code_kind = 'bad_debt' then 'bad_debt'
        when fee_codes.code_kind = 'shop_cost' then 'shop_cost'
        when fee_codes.code_kind = 'bank_charge' and typed_lines.customer_id is null then 'shop_cost'
        when typed_lines.invoice_no like 'C%' and typed_lines.quantity < 0 and typed_lines.unit_price >= 0
            then case coalesce(fee_codes.code_kind, 'goods')
                when 'goods' then 'credit_goods'
                when 'shipping' then 'credit_shipping'
                when 'discount' then 'credit_discount'
                else 'credit_manual'
            end
        when regexp_matches(typed_lines.invoice_no, '^[0-9]+$') and typed_lines.quantity > 0 and typed_lines.unit_price >= 0
            then case
                when fee_codes.code_kind = 'shipping' then 'order_shipping'
                when fee_codes.code_kind is not null then 'order_manual'
                when typed_lines.unit_price = 0 then 'order_free_goods'
                else 'order_goods'
            end
        else 'not_understood'
    end as line_class
from typed_lines
left join fee_codes on typed_lines.product_code = fee_codes.product_code
left join stock_corrections on typed_lines.invoice_no = stock_corrections.invoice_no;


-- Grain: one row per invoice with something ordered.
create or replace view orders as
select
    invoice_no as order_id,
    max(customer_id) as customer_id,
    min(invoiced_at) as ordered_at,
    'completed' as status,
    cast(sum(amount) as decimal(18, 2)) as amount,
    cast(sum(case when line_class = 'order_shipping' then amount else 0 end) as decimal(18, 2)) as shipping_amount,
    'GBP' as currency
from classified_lines
where line_class like 'order_%'
group by invoice_no;


-- Grain: one row per ordered line but shipping, which is an amount of the order. Manual charges
-- have no product.
create or replace view order_items as
select
    invoice_no as order_id,
    line_number,
    case when code_kind = 'goods' then product_code end as product_id,
    quantity,
    unit_price
from classified_lines
where line_class in ('order_goods', 'order_free_goods', 'order_manual');


-- Orders and credit notes of one key in order of time, as a stack: a credit note takes from the
-- latest order that still has something to give, then from the one before it, and so on.
--
-- documents  name of a table: match_key, document_at, invoice_no, reason (NULL for an order),
--            amount (an order's positive, a credit note's negative)
-- gives      match_key, credit_no, reason, order_no, amount: never more than the order's amount,
--            never an order after the credit note
--
-- How: the level is what all earlier orders can still give. What is left of an order after a later
-- document is the part of its own layer that lies below the lowest level since.
create or replace macro latest_orders_first(documents) as table (
    with

    numbered as (
        select
            *,
            row_number() over (
                partition by match_key
                order by document_at asc, case when reason is null then 0 else 1 end asc, invoice_no asc, reason asc
            ) as document_number
        from query_table(documents)
    ),

    summed as (
        select
            *,
            sum(amount) over (
                partition by match_key order by document_number asc rows between unbounded preceding and current row
            ) as running_amount
        from numbered
    ),

    -- a credit note beyond everything leaves the level at nothing, not below
    levelled as (
        select
            *,
            running_amount - least(0, min(running_amount) over (
                partition by match_key order by document_number asc rows between unbounded preceding and current row
            )) as level_after
        from summed
    ),

    watched as (
        select
            orders.match_key,
            orders.invoice_no as order_no,
            orders.amount as order_amount,
            orders.level_after - orders.amount as layer_floor,
            later.invoice_no as credit_no,
            later.reason,
            later.document_number,
            min(later.level_after) over (
                partition by orders.match_key, orders.document_number
                order by later.document_number asc
                rows between unbounded preceding and current row
            ) as lowest_level
        from levelled as orders
        inner join levelled as later
            on orders.match_key = later.match_key and orders.document_number <= later.document_number
        where orders.reason is null
    ),

    left_over as (
        select
            *,
            greatest(0, least(order_amount, lowest_level - layer_floor)) as left_amount
        from watched
    ),

    taken as (
        select
            *,
            lag(left_amount) over (partition by match_key, order_no order by document_number asc) - left_amount as taken_amount
        from left_over
    )

    select match_key, credit_no, reason, order_no, cast(taken_amount as decimal(18, 2)) as amount
    from taken
    where taken_amount > 0
);


-- Step 1: a returned product comes from the customer's latest earlier order of that product.
create or replace table documents_by_product as
select
    customer_id || '|' || product_code as match_key,
    min(invoiced_at) as document_at,
    invoice_no,
    case when line_class like 'credit_%' then line_class end as reason,
    sum(amount) as amount
from classified_lines
where
    customer_id is not null
    and (line_class like 'order_%' or line_class like 'credit_%')
    and customer_id || '|' || product_code in (
        select customer_id || '|' || product_code from classified_lines where line_class like 'credit_%'
    )
group by customer_id, product_code, invoice_no, line_class
having sum(amount) <> 0;

create or replace table matched_by_product as
select * from latest_orders_first('documents_by_product');


-- Step 2: a credit note written minutes before the invoice that it corrects. What step 1 could not
-- place comes from orders of the same product later on the same day.
create or replace table documents_by_day as
select
    documents.match_key || '|' || cast(cast(documents.document_at as date) as varchar) as match_key,
    case
        when documents.reason is null then documents.document_at
        else cast(cast(documents.document_at as date) + 1 as timestamp)
    end as document_at,
    documents.invoice_no,
    documents.reason,
    documents.amount
    + case when documents.reason is null then -1 else 1 end * coalesce(matched.amount, 0) as amount
from documents_by_product as documents
left join (
    select match_key, order_no as invoice_no, sum(amount) as amount from matched_by_product group by match_key, order_no
    union all
    select match_key, credit_no, sum(amount) from matched_by_product group by match_key, credit_no
) as matched
    on documents.match_key = matched.match_key and documents.invoice_no = matched.invoice_no
where documents.amount
    + case when documents.reason is null then -1 else 1 end * coalesce(matched.amount, 0) <> 0;

create or replace table matched_by_day as
select * from latest_orders_first('documents_by_day');


-- What credit notes and orders have left after the steps so far.
create or replace view open_credits as
select
    credits.customer_id,
    credits.invoice_no,
    credits.reason,
    credits.credited_at,
    credits.amount - coalesce(matched.amount, 0) as amount
from (
    select customer_id, invoice_no, line_class as reason, min(invoiced_at) as credited_at, -sum(amount) as amount
    from classified_lines
    where customer_id is not null and line_class like 'credit_%'
    group by customer_id, invoice_no, line_class
) as credits
left join (
    select credit_no, reason, sum(amount) as amount
    from (select * from matched_by_product union all select * from matched_by_day) as matches
    group by credit_no, reason
) as matched
    on credits.invoice_no = matched.credit_no and credits.reason = matched.reason
where credits.amount > coalesce(matched.amount, 0);

create or replace view open_orders as
select
    orders.customer_id,
    orders.order_id,
    orders.ordered_at,
    orders.amount - coalesce(matched.amount, 0) as amount
from orders
left join (
    select order_no, sum(amount) as amount
    from (select * from matched_by_product union all select * from matched_by_day) as matches
    group by order_no
) as matched
    on orders.order_id = matched.order_no
where
    orders.customer_id is not null
    and orders.amount > coalesce(matched.amount, 0);


-- Step 3: what is left of a credit note (discounts, manual credits, products never ordered in the
-- file) comes whole from the customer's latest earlier order that has so much left. Where several
-- credit notes want the same order, the earlier ones go first.
create or replace table matched_whole as
with

choices as (
    select
        open_credits.invoice_no as credit_no,
        open_credits.reason,
        open_credits.credited_at,
        open_orders.order_id as order_no,
        open_credits.amount,
        open_orders.amount as open_amount,
        row_number() over (
            partition by open_credits.invoice_no, open_credits.reason
            order by open_orders.ordered_at desc, open_orders.order_id desc
        ) as place
    from open_credits
    inner join open_orders
        on open_credits.customer_id = open_orders.customer_id
        and open_credits.credited_at >= open_orders.ordered_at
        and open_credits.amount <= open_orders.amount
),

queued as (
    select
        *,
        sum(amount) over (
            partition by order_no
            order by credited_at asc, credit_no asc, reason asc
            rows between unbounded preceding and current row
        ) as wanted_amount
    from choices
    where place = 1
)

select credit_no, reason, order_no, cast(amount as decimal(18, 2)) as amount
from queued
where wanted_amount <= open_amount;


-- Step 4: what no single order has left is spread over the customer's latest earlier orders.
create or replace table documents_by_customer as
select
    open_orders.customer_id as match_key,
    open_orders.ordered_at as document_at,
    open_orders.order_id as invoice_no,
    cast(null as varchar) as reason,
    open_orders.amount - coalesce(matched.amount, 0) as amount
from open_orders
left join (select order_no, sum(amount) as amount from matched_whole group by order_no) as matched
    on open_orders.order_id = matched.order_no
where open_orders.amount > coalesce(matched.amount, 0)
union all
select
    open_credits.customer_id,
    open_credits.credited_at,
    open_credits.invoice_no,
    open_credits.reason,
    -open_credits.amount
from open_credits
left join matched_whole
    on open_credits.invoice_no = matched_whole.credit_no and open_credits.reason = matched_whole.reason
where matched_whole.credit_no is null;

create or replace table matched_by_customer as
select * from latest_orders_first('documents_by_customer');


-- Grain: one row per credit note, class of its lines, order and step that found it. What no earlier order of the file
-- can bear keeps the credit note's own number as its order, which is no order: the project
-- quarantines it as unknown_order, with its amount.
create or replace table refund_allocation as
with

matched as (
    select credit_no, reason, order_no, 'product' as matched_by, sum(amount) as amount
    from matched_by_product
    group by credit_no, reason, order_no
    union all
    select credit_no, reason, order_no, 'product_same_day' as matched_by, sum(amount) as amount
    from matched_by_day
    group by credit_no, reason, order_no
    union all
    select credit_no, reason, order_no, 'whole' as matched_by, amount from matched_whole
    union all
    select credit_no, reason, order_no, 'spread' as matched_by, amount from matched_by_customer
),

credits as (
    select invoice_no as credit_no, line_class as reason, min(invoiced_at) as credited_at, -sum(amount) as amount
    from classified_lines
    where line_class like 'credit_%'
    group by invoice_no, line_class
),

unmatched as (
    select
        credits.credit_no,
        credits.reason,
        credits.credit_no as order_no,
        'nothing' as matched_by,
        credits.amount - coalesce(sum(matched.amount), 0) as amount
    from credits
    left join matched on credits.credit_no = matched.credit_no and credits.reason = matched.reason
    group by credits.credit_no, credits.reason, credits.amount
    having credits.amount - coalesce(sum(matched.amount), 0) <> 0
),

allocated as (
    select * from matched
    union all
    select * from unmatched
)

select allocated.*, credits.credited_at
from allocated
inner join credits on allocated.credit_no = credits.credit_no and allocated.reason = credits.reason;


create or replace view refunds as
select
    credit_no || '-' || order_no || '-' || replace(reason, 'credit_', '') as refund_id,
    order_no as order_id,
    credited_at as refunded_at,
    cast(sum(amount) as decimal(18, 2)) as amount,
    replace(reason, 'credit_', '') as reason
from refund_allocation
group by credit_no, order_no, reason, credited_at;


-- Grain: one row per code that was ordered as goods: the commonest name and the commonest price.
create or replace view products as
with

named as (
    select
        product_code,
        product_name,
        row_number() over (partition by product_code order by count(*) desc, product_name asc) as place
    from classified_lines
    where line_class = 'order_goods' and product_name is not null
    group by product_code, product_name
),

priced as (
    select
        product_code,
        unit_price,
        row_number() over (partition by product_code order by count(*) desc, unit_price asc) as place
    from classified_lines
    where line_class = 'order_goods'
    group by product_code, unit_price
),

codes as (
    select distinct product_code
    from classified_lines
    where line_class in ('order_goods', 'order_free_goods')
)

select
    codes.product_code as product_id,
    named.product_name,
    priced.unit_price as price
from codes
left join named on codes.product_code = named.product_code and named.place = 1
left join priced on codes.product_code = priced.product_code and priced.place = 1;


-- Grain: one row per customer number, with the country of the latest invoice.
create or replace view customers as
with

placed as (
    select
        customer_id,
        case
            when country = 'EIRE' then 'Ireland'
            when country = 'USA' then 'United States'
            when country not in ('Unspecified', 'European Community') then country
        end as country,
        row_number() over (
            partition by customer_id
            order by invoiced_at desc, invoice_no desc, line_number asc
        ) as place
    from classified_lines
    where customer_id is not null
)

select customer_id, country
from placed
where place = 1;


-- Grain: one row per class. Every line is in one class, and
-- exact_amount = order_amount - refund_amount - unmatched_refund_amount + left_out_amount + rounding_amount.
create or replace view reconciliation as
with

classes as (
    select
        line_class,
        case
            when line_class in ('order_goods', 'order_free_goods', 'order_manual') then 'orders and order_items'
            when line_class = 'order_shipping' then 'orders.shipping_amount'
            when line_class like 'credit_%' then 'refunds'
            else 'left out'
        end as destination,
        count(*) as line_count,
        cast(sum(case when customer_id is null then 1 else 0 end) as bigint) as line_count_without_customer,
        cast(sum(case when is_exact_duplicate then 1 else 0 end) as bigint) as exact_duplicate_count,
        cast(sum(exact_amount) as decimal(28, 4)) as exact_amount,
        cast(sum(amount) as decimal(28, 2)) as amount,
        cast(sum(case when is_exact_duplicate then amount else 0 end) as decimal(28, 2)) as exact_duplicate_amount
    from classified_lines
    group by line_class
),

refunded as (
    select
        reason,
        sum(case when matched_by <> 'nothing' then amount else 0 end) as refund_amount,
        sum(case when matched_by = 'nothing' then amount else 0 end) as unmatched_refund_amount
    from refund_allocation
    group by reason
)

select
    classes.line_class,
    classes.destination,
    classes.line_count,
    classes.line_count_without_customer,
    classes.exact_duplicate_count,
    classes.exact_duplicate_amount,
    classes.exact_amount,
    cast(case when classes.line_class like 'order_%' then classes.amount else 0 end as decimal(28, 2)) as order_amount,
    cast(coalesce(refunded.refund_amount, 0) as decimal(28, 2)) as refund_amount,
    cast(coalesce(refunded.unmatched_refund_amount, 0) as decimal(28, 2)) as unmatched_refund_amount,
    cast(case when classes.destination = 'left out' then classes.amount else 0 end as decimal(28, 2)) as left_out_amount,
    cast(classes.exact_amount - classes.amount as decimal(28, 4)) as rounding_amount
from classes
left join refunded on classes.line_class = refunded.reason;
