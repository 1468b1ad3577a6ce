{#-
    Grain: one row per person with a purchase that counts. Why it exists: what a person has brought, what she will
    probably bring and whether she is about to be lost, each with the way it was found and why not by the model.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

predicted as (

    select * from {{ ref('int_customers_predicted') }}

),

warned as (

    select * from {{ ref('int_customers_warned') }}

),

earned as (

    select * from {{ ref('int_customers_value_earned') }}

),

bought as (

    select * from {{ ref('int_customers_bought') }}

),

choices as (

    select * from {{ ref('int_value_choices') }}

),

final as (

    select
        predicted.customer_id,
        as_of.as_of_date,
        {%- for suffix in ['_30d', '_90d', '_365d', ''] %}
        {%- for measure in ['gross_amount', 'refund_amount', 'net_revenue_amount'] %}
        cast(coalesce(earned.{{ measure }}{{ suffix }}, 0) as numeric(28, 2)) as {{ measure }}{{ suffix }},
        {%- endfor %}
        {%- endfor %}
        bought.item_margin_amount,
        cast({{ var('clm_value_horizon_days') }} as integer) as value_horizon_days,
        predicted.predicted_purchase_count,
        predicted.predicted_purchase_amount,
        predicted.predicted_value_amount,
        choices.value_method,
        choices.value_gate,
        choices.purchase_bias_rate,
        choices.value_bias_rate,
        cast({{ var('clm_churn_horizon_days') }} as integer) as churn_horizon_days,
        predicted.p_alive,
        predicted.p_no_purchase,
        choices.probability_method,
        choices.probability_gate,
        cast(case
            when choices.probability_method = 'bg_nbd' then choices.model_brier_score else choices.curve_brier_score
        end as numeric(28, 6)) as brier_score,
        choices.fitted_on,
        warned.churn_risk,
        warned.churn_drivers_en,
        warned.churn_drivers_zh,
        warned.own_gap_count,
        warned.silence_days,
        warned.expected_gap_days,
        warned.silence_ratio,
        warned.next_expected_purchase_on,
        warned.days_to_churn
    from predicted
    cross join as_of
    cross join choices
    inner join warned on predicted.customer_id = warned.customer_id
    left join earned on predicted.customer_id = earned.customer_id
    left join bought on predicted.customer_id = bought.customer_id

)

select * from final
