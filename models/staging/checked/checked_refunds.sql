{#-
    Grain: one row per raw row of refunds, typed and judged. Why it exists: staging and quarantine are
    two halves of it; the refund that takes an order's refunds beyond its amount is judged here, in
    order of time, and the later ones that still fit are kept.
-#}

with recursive

orders as (

    select * from {{ ref('stg_orders') }}

),

{{ clm.checked_rows(
    'refunds',
    ref('base_refunds'),
    rules=[
        ['amount_not_positive', "typed.amount <= 0"],
        ['unknown_order', "typed.order_id is not null and orders.order_id is null"],
    ],
    joins="left join orders on typed.order_id = orders.order_id",
    additions={'order_amount': 'orders.amount', 'is_erased': 'coalesce(orders.is_erased, false)'},
    keep_record=true,
    redactions={'reason': 'is_erased'}
) }},

-- only orders whose refunds exceed their amount need the walk through time below
exceeded_orders as (

    select order_id
    from judged
    where failed_rules is null
    group by order_id
    having sum(amount) > max(order_amount)

),

walk as (

    select
        judged.order_id,
        judged.refund_id,
        judged.amount,
        judged.order_amount,
        row_number() over (
            partition by judged.order_id
            order by judged.refunded_at asc, {{ clm.byte_order('judged.refund_id') }} asc
        ) as refund_number
    from judged
    inner join exceeded_orders on judged.order_id = exceeded_orders.order_id
    where judged.failed_rules is null

),

-- the sum of the refunds accepted so far: a refund that does not fit leaves it as it was
accepted as (

    select
        order_id,
        refund_id,
        refund_number,
        order_amount,
        case when amount <= order_amount then 1 else 0 end as is_accepted,
        cast(case when amount <= order_amount then amount else 0 end as numeric(28, 2)) as refunded_amount
    from walk
    where refund_number = 1

    union all

    select
        walk.order_id,
        walk.refund_id,
        walk.refund_number,
        walk.order_amount,
        case when accepted.refunded_amount + walk.amount <= walk.order_amount then 1 else 0 end as is_accepted,
        cast(
            accepted.refunded_amount
            + case when accepted.refunded_amount + walk.amount <= walk.order_amount then walk.amount else 0 end
            as numeric(28, 2)
        ) as refunded_amount
    from accepted
    inner join walk
        on accepted.order_id = walk.order_id
        and walk.refund_number = accepted.refund_number + 1

),

rejected as (

    select refund_id
    from accepted
    where is_accepted = 0

),

rejudged as (

    select
        judged.refund_id,
        judged.order_id,
        judged.refunded_at,
        judged.amount,
        judged.reason,
        judged.record_key,
        case when rejected.refund_id is not null then 'over_refunded' else judged.failed_rules end as failed_rules,
        judged.record
    from judged
    left join rejected on judged.refund_id = rejected.refund_id and judged.failed_rules is null

),

final as (

    select
{{ clm.checked_columns('refunds') }}
    from rejudged

)

select * from final
