{#-
    Grain: one row per month of the first purchase that counts and acquisition source (NULL: not known). Why it
    exists: who was won, and what they have brought and will bring, to hold against what was spent.
-#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

predicted as (

    select * from {{ ref('int_customers_predicted') }}

),

final as (

    select
        {{ clm.month_text('features.first_purchase_on') }} as first_purchase_month,
        features.acquisition_source,
        cast(count(*) as integer) as new_buyer_count,
        cast(sum(coalesce(features.net_revenue_amount, 0)) as numeric(28, 2)) as realised_amount,
        cast(count(predicted.predicted_value_amount) as integer) as predicted_count,
        cast(sum(coalesce(predicted.predicted_value_amount, 0)) as numeric(28, 2)) as predicted_amount
    from features
    left join predicted on features.customer_id = predicted.customer_id
    where features.first_purchase_on is not null
    group by {{ clm.month_text('features.first_purchase_on') }}, features.acquisition_source

)

select * from final
