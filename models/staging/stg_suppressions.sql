{#- Grain: one row per sound suppression. -#}

with

checked as (

    select * from {{ ref('checked_suppressions') }}

),

final as (

    select
        checked.channel,
        checked.identifier_hash,
        checked.reason,
        checked.since as suppressed_at
    from checked
    where checked.failed_rules is null

)

select * from final
