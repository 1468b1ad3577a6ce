{#-
    Grain: one row per spelling of a country in upper case (either ISO code or the English name). Why it
    exists: customer records name countries as they like, and a phone is international only with its country.
-#}

with

countries as (

    select * from {{ ref('country_calling_codes') }}

),

spellings as (

    select
        upper(country_code) as spelling,
        country_code,
        calling_code
    from countries
    union all
    select
        upper(alpha3) as spelling,
        country_code,
        calling_code
    from countries
    union all
    select
        upper(name_en) as spelling,
        country_code,
        calling_code
    from countries

),

final as (

    select
        spelling,
        min(country_code) as country_code,
        min(calling_code) as calling_code
    from spellings
    where spelling is not null
    group by spelling

)

select * from final
