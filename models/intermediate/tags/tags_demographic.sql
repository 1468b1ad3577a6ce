{#- Grain: one row per person. Tags about who somebody is: one column per tag, documented in tags_demographic.yml. -#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        case when gender in ('female', 'male', 'other') then gender end as gender,
        case
            when age_years is null or age_years < 0 or age_years > 120 then null
            when age_years < 18 then '<18'
            when age_years < 25 then '18-24'
            when age_years < 35 then '25-34'
            when age_years < 45 then '35-44'
            when age_years < 55 then '45-54'
            when age_years < 65 then '55-64'
            else '65+'
        end as age_band,
        coalesce(
            {{ clm.part_of('month', 'birth_date') }} = {{ clm.part_of('month', 'as_of_date') }}, false
        ) as birthday_this_month,
        country as region
    from features

)

select * from final
