{#-
    Grain: exactly one row. Why it exists: the reporting currency is a setting, or the commonest
    currency among orders, and orders are judged by it.
-#}

with

inputs as (

    select * from {{ ref('base_orders') }}

),

currencies as (

    select
        currency,
        count(*) as order_count
    from (
        select {{ clm.read_value('inputs.currency', 'currency') }} as currency from inputs
    ) as typed
    where currency is not null
    group by currency

),

commonest as (

    select
        currency,
        row_number() over (order by order_count desc, {{ clm.byte_order('currency') }} asc) as place
    from currencies

),

-- XXX is ISO 4217's code for no currency: orders without any
final as (

    {%- if var('clm_reporting_currency') == 'auto' %}
    select coalesce(max(currency), 'XXX') as reporting_currency
    from commonest
    where place = 1
    {%- else %}
    select cast('{{ var("clm_reporting_currency") | upper }}' as {{ clm.type_text() }}) as reporting_currency
    {%- endif %}

)

select * from final
