{#- Grain: one row per sound row of marketing spend. -#}

with

checked as (

    select * from {{ ref('checked_marketing_spend') }}

),

final as (

    select
        checked.spend_on,
        checked.channel,
        checked.campaign_id,
        checked.amount,
        checked.currency
    from checked
    where checked.failed_rules is null

)

select * from final
