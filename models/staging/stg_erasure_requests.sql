{#- Grain: one row per sound request to be forgotten. -#}

with

checked as (

    select * from {{ ref('checked_erasure_requests') }}

),

final as (

    select
        checked.customer_id as source_customer_id,
        checked.requested_at
    from checked
    where checked.failed_rules is null

)

select * from final
