{#- Grain: one row per sound change of a consent. -#}

with

checked as (

    select * from {{ ref('checked_consents') }}

),

final as (

    select
        checked.customer_id as source_customer_id,
        checked.channel,
        checked.purpose,
        checked.status,
        checked.changed_at,
        {{ clm.business_day('checked.changed_at') }} as changed_on,
        checked.source,
        checked.wording_version
    from checked
    where checked.failed_rules is null

)

select * from final
