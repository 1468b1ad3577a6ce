{#-
    Grain: one row per person with a purchase that counts. Why it exists: the prediction that is used for each, by the
    way that was chosen for all; NULL where the person refused profiling.
-#}

with

predictions as (

    select * from {{ ref('int_value_predictions') }}
    where not is_backtest

),

choices as (

    select * from {{ ref('int_value_choices') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

refusals as (

    select distinct customer_id
    from consents
    where purpose = 'profiling' and status <> 'granted'

),

values_ahead as (

    select * from predictions
    where horizon_days = {{ var('clm_value_horizon_days') }}

),

silences_ahead as (

    select * from predictions
    where horizon_days = {{ var('clm_churn_horizon_days') }}

),

chosen as (

    select
        values_ahead.customer_number,
        values_ahead.repeat_count,
        values_ahead.recency_days,
        values_ahead.tenure_days,
        choices.value_method,
        choices.probability_method,
        values_ahead.p_alive,
        case
            when choices.probability_method = 'bg_nbd' then silences_ahead.p_no_purchase
            else silences_ahead.curve_p_no_purchase
        end as p_no_purchase,
        case
            when choices.value_method = 'bg_nbd' then values_ahead.expected_purchase_count
            else values_ahead.cohort_purchase_count
        end as predicted_purchase_count,
        case
            when choices.value_method = 'bg_nbd' then values_ahead.expected_purchase_amount
        end as predicted_purchase_amount,
        case
            when choices.value_method = 'bg_nbd' then values_ahead.predicted_value_amount
            else values_ahead.cohort_amount
        end as predicted_value_amount
    from values_ahead
    cross join choices
    left join silences_ahead on values_ahead.customer_number = silences_ahead.customer_number

),

final as (

    select
        customers.customer_id,
        chosen.repeat_count,
        chosen.recency_days,
        chosen.tenure_days,
        refusals.customer_id is not null as is_profiling_denied,
        chosen.value_method,
        chosen.probability_method,
        {%- for name, type in {
            'p_alive': 'numeric(18, 6)', 'p_no_purchase': 'numeric(18, 6)',
            'predicted_purchase_count': 'numeric(18, 6)', 'predicted_purchase_amount': 'numeric(28, 2)',
            'predicted_value_amount': 'numeric(28, 2)',
        }.items() %}
        cast(
            case when refusals.customer_id is null then round(chosen.{{ name }}, {{ type[-2] }}) end as {{ type }}
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from chosen
    inner join customers on chosen.customer_number = customers.customer_number
    left join refusals on customers.customer_id = refusals.customer_id

)

select * from final
