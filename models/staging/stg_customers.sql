{#-
    Grain: one row per sound customer record of a source system; a person may have several. email_key
    and phone_key tell who is who: the address, or its keyed hash where somebody asked to be forgotten.
-#}

with

checked as (

    select * from {{ ref('checked_customers') }}

),

countries as (

    select * from {{ ref('int_country_spellings') }}

),

normalised as (

    select
        checked.*,
        {{ clm.normalised_email('checked.email') }} as normalised_email,
        {{ clm.normalised_phone('checked.phone', 'countries.calling_code') }} as normalised_phone,
        coalesce(countries.country_code, trim(checked.country)) as country_code
    from checked
    left join countries on upper(trim(checked.country)) = countries.spelling
    where checked.failed_rules is null

),

final as (

    select
        customer_id as source_customer_id,
        normalised_email as email,
        normalised_phone as phone,
        coalesce(erased_email_key, normalised_email) as email_key,
        coalesce(erased_phone_key, normalised_phone) as phone_key,
        full_name,
        gender,
        country_code as country,
        city,
        timezone,
        language,
        acquisition_source,
        industry,
        owner_id,
        member_tier,
        birth_date,
        coalesce(is_erased, false) as is_erased,
        {{ clm.business_day('registered_at') }} as registered_on,
        registered_at,
        updated_at
    from normalised

)

select * from final
