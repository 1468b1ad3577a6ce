{#- Grain: one row per sound customer record of a source system; a person may have several. -#}

with

checked as (

    select * from {{ ref('checked_customers') }}

),

countries as (

    select * from {{ ref('country_calling_codes') }}

),

-- a country may come as either code or by its English name
country_names as (

    select
        country_name,
        min(country_code) as country_code,
        min(calling_code) as calling_code
    from (
        select
            upper(country_code) as country_name,
            country_code,
            calling_code
        from countries
        union all
        select
            upper(alpha3) as country_name,
            country_code,
            calling_code
        from countries
        union all
        select
            upper(name_en) as country_name,
            country_code,
            calling_code
        from countries
    ) as spellings
    where country_name is not null
    group by country_name

),

final as (

    select
        checked.customer_id as source_customer_id,
        {{ clm.normalised_email('checked.email') }} as email,
        {{ clm.normalised_phone('checked.phone', 'country_names.calling_code') }} as phone,
        checked.full_name,
        checked.gender,
        coalesce(country_names.country_code, trim(checked.country)) as country,
        checked.city,
        checked.timezone,
        checked.language,
        checked.acquisition_source,
        checked.industry,
        checked.owner_id,
        checked.member_tier,
        checked.birth_date,
        {{ clm.business_day('checked.registered_at') }} as registered_on,
        checked.registered_at,
        checked.updated_at
    from checked
    left join country_names on upper(trim(checked.country)) = country_names.country_name
    where checked.failed_rules is null

)

select * from final
