{#- Grain: one row per sound answer or review. -#}

with

checked as (

    select * from {{ ref('checked_feedback') }}

),

final as (

    select
        checked.feedback_id,
        checked.customer_id as source_customer_id,
        checked.kind as feedback_kind,
        checked.score,
        checked.submitted_at,
        {{ clm.business_day('checked.submitted_at') }} as submitted_on
    from checked
    where checked.failed_rules is null

)

select * from final
