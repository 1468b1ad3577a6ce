{#- Grain: one row per currency and day with a sound rate. -#}

with

checked as (

    select * from {{ ref('checked_fx_rates') }}

),

final as (

    select
        checked.currency,
        checked.rate_date as rate_on,
        checked.rate
    from checked
    where checked.failed_rules is null

)

select * from final
