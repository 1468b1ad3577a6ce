{#-
    Grain: one row per sound order, purchase or not. Why it exists: it decides what a purchase is, once,
    and says of every other order why it is none. email_key and phone_key tell who is who: the address,
    or its keyed hash where somebody asked to be forgotten.
-#}

with

checked as (

    select * from {{ ref('checked_orders') }}

),

reporting as (

    select * from {{ ref('int_reporting_currency') }}

),

normalised as (

    select
        checked.order_id,
        checked.customer_id as source_customer_id,
        {{ clm.normalised_email('checked.email') }} as email,
        {{ clm.normalised_phone('checked.phone') }} as phone,
        checked.erased_email_key,
        checked.erased_phone_key,
        checked.erased_guest_hash,
        coalesce(checked.is_erased, false) as is_erased,
        coalesce(checked.status, 'completed') as status,
        coalesce(checked.currency, reporting.reporting_currency) as currency,
        checked.channel,
        checked.amount,
        checked.discount_amount,
        checked.tax_amount,
        checked.shipping_amount,
        checked.reporting_rate,
        {{ clm.business_day('checked.ordered_at') }} as ordered_on,
        checked.ordered_at,
        checked.updated_at
    from checked
    cross join reporting
    where checked.failed_rules is null

),

judged as (

    select
        normalised.*,
        coalesce(erased_email_key, email) as email_key,
        coalesce(erased_phone_key, phone) as phone_key,
        case
            when
                source_customer_id is null
                and coalesce(erased_email_key, email, erased_phone_key, phone) is null
                then 'unattributable'
            when status in ('test', 'pending', 'cancelled') then status
            when amount < 0 then 'negative_amount'
            {% if not var('clm_zero_amount_is_purchase') -%}
            when amount = 0 then 'zero_amount'
            {% endif -%}
        end as not_purchase_reason
    from normalised

),

final as (

    select
        order_id,
        source_customer_id,
        email,
        phone,
        email_key,
        phone_key,
        erased_guest_hash,
        status,
        currency,
        channel,
        not_purchase_reason,
        amount,
        discount_amount,
        tax_amount,
        shipping_amount,
        reporting_rate,
        cast(round(cast(amount as numeric(19, 2)) * reporting_rate, 2) as numeric(18, 2)) as reporting_amount,
        not_purchase_reason is null as is_purchase,
        is_erased,
        ordered_on,
        ordered_at,
        updated_at
    from judged

)

select * from final
