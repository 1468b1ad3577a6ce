{#-
    Grain: one row per person, day with a purchase and day on which it ceased to count (NULL: it still
    counts). Why it exists: the history of a person is made of purchases that count from their day on
    and, where they were refunded in full, until the day of the refund. With clm_purchase_unit `day`
    the orders of a day are one purchase, which counts as long as one of them does.
-#}

with

purchases as (

    select * from {{ ref('int_purchases') }}

),

final as (
    {% if var('clm_purchase_unit') == 'day' %}
    select
        customer_number,
        ordered_on,
        1 as unit_count,
        case when max(case when is_counted then 1 else 0 end) = 0 then max(fully_refunded_on) end as ended_on
    from purchases
    group by customer_number, ordered_on
    {% else %}
    select
        customer_number,
        ordered_on,
        cast(count(*) as integer) as unit_count,
        fully_refunded_on as ended_on
    from purchases
    group by customer_number, ordered_on, fully_refunded_on
    {% endif %}
)

select * from final
