{#-
    Fails for every buyer without a row of predictions, with a probability outside of 0 to 1, a number of purchases
    below 0, a churn warning after the churn or where profiling was refused, and for every backtest in which
    two ways of predicting (or of recommending) judged different people.
-#}

with

predicted as (

    select * from {{ ref('customer_value') }}

),

customers as (

    select * from {{ ref('customer_lifecycle') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

)

select
    customers.customer_id as failure,
    'nothing predicted' as reason
from customers
left join predicted on customers.customer_id = predicted.customer_id
where customers.purchase_count > 0 and predicted.customer_id is null

union all

select
    predicted.customer_id as failure,
    'impossible number' as reason
from predicted
where
    predicted.p_no_purchase not between 0 and 1
    or predicted.p_alive not between 0 and 1
    or predicted.predicted_purchase_count < 0

union all

select
    customers.customer_id as failure,
    'warned too late, or without permission' as reason
from customers
inner join features on customers.customer_id = features.customer_id
where
    customers.churn_risk is not null
    and (customers.lifecycle_stage in ('churned', 'prospect') or features.is_profiling_denied)

union all

select
    cast(horizon_days as {{ clm.type_text() }}) as failure,
    'different people judged' as reason
from {{ ref('prediction_backtest') }}
group by horizon_days, case when hit_rate is null then 0 else 1 end
having min(customer_count) <> max(customer_count)
