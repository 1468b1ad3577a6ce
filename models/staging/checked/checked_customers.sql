{#-
    Grain: one row per raw row of customers, typed and judged. Why it exists: staging and quarantine are two
    halves of it, so no row can fall between. What belongs to somebody who asked to be forgotten ends here.
-#}

{%- set email = clm.normalised_email('typed.email') -%}
{%- set phone = clm.normalised_phone('typed.phone', 'countries.calling_code') -%}
{%- set additions = clm.erasure_additions() -%}
{%- set attributes = [
    'full_name', 'gender', 'birth_date', 'country', 'city', 'timezone', 'language', 'acquisition_source',
    'industry', 'owner_id', 'member_tier',
] %}

with

countries as (

    select * from {{ ref('int_country_spellings') }}

),

{{ clm.checked_rows(
    'customers',
    ref('base_customers'),
    joins="left join countries on upper(trim(typed.country)) = countries.spelling "
        ~ clm.erasure_joins(email, phone),
    additions=additions,
    redactions=clm.erasure_redactions(attributes)
) }},

final as (

    select
{{ clm.checked_columns('customers', additions) }}
    from judged

)

select * from final
