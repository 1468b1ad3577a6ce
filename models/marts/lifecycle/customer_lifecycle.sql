{#-
    Grain: one row per person who exists on the as-of date. Why it exists: who is this customer, and
    where in the lifecycle; the row that everything outside the warehouse reads.
-#}

with

tagged as (

    select * from {{ ref('int_customers_tagged') }}

),

tag_lists as (

    select * from {{ ref('int_customers_tag_lists') }}

),

stage_dates as (

    select * from {{ ref('int_customers_stage_dates') }}

),

predicted as (

    select * from {{ ref('int_customers_predicted') }}

),

segments as (

    select * from {{ ref('segments') }}

),

taxonomies as (

    select * from {{ ref('lifecycle_taxonomies') }}

),

final as (

    select
        tagged.customer_id,
        tagged.as_of_date,
        tagged.lifecycle_stage,
        tagged.lifecycle_sub_state,
        stage_dates.stage_entered_on,
        taxonomies.growth_stage,
        segments.value_stage,
        taxonomies.marketing_stage,
        tagged.segment,
        tagged.recency_score,
        tagged.frequency_score,
        tagged.monetary_score,
        cast(tagged.recency_score as {{ clm.type_text() }})
        || cast(tagged.frequency_score as {{ clm.type_text() }})
        || cast(tagged.monetary_score as {{ clm.type_text() }}) as rfm_code,
        case when tagged.purchase_count > 0 then tagged.recency_days end as recency_days,
        tagged.purchase_count,
        tagged.order_count,
        cast(coalesce(tagged.net_revenue_amount, 0) as numeric(28, 2)) as net_revenue_amount,
        tagged.average_order_amount,
        tagged.first_purchase_on,
        tagged.last_purchase_on,
        tagged.first_fact_on,
        tagged.churn_risk,
        predicted.p_no_purchase,
        predicted.predicted_value_amount,
        stage_dates.next_change_on,
        tagged.is_global_control,
        nullif(concat_ws(
            ',',
            {%- for tag in clm.documented_tags() %}
            {{ clm.tag_entry(tag) }},
            {%- endfor %}
            null
        ), '') as tags
    from tagged
    left join tag_lists on tagged.customer_id = tag_lists.customer_id
    left join stage_dates on tagged.customer_id = stage_dates.customer_id
    left join predicted on tagged.customer_id = predicted.customer_id
    left join segments on tagged.segment = segments.segment
    left join taxonomies
        on tagged.lifecycle_stage = taxonomies.lifecycle_stage
        and tagged.lifecycle_sub_state = taxonomies.lifecycle_sub_state

)

select * from final
