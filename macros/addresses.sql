{#- Normalisation of addresses (docs/inputs.md). Nothing cleverer ever merges people. -#}

{#- An e-mail trimmed and in lower case; NULL where the text has no @ between two other characters. -#}
{% macro normalised_email(value) %}
    {{ return("case when trim(" ~ value ~ ") like '%_@_%' then lower(trim(" ~ value ~ ")) end") }}
{% endmacro %}

{#-
    A phone as E.164 where the country is known (a + or 00 in front, or the country of the record),
    else its bare digits; NULL without digits.
-#}
{% macro normalised_phone(value, calling_code=none) %}
    {% set digits = clm.only_digits(value) %}
    {% set sql %}
        case
            when {{ digits }} = '' then null
            when trim({{ value }}) like '+%' then '+' || {{ digits }}
            when {{ digits }} like '00%' then '+' || substring({{ digits }}, 3)
            {%- if calling_code is not none %}
            when {{ calling_code }} is not null
                then '+' || cast({{ calling_code }} as {{ clm.type_text() }}) || trim(leading '0' from {{ digits }})
            {%- endif %}
            else {{ digits }}
        end
    {% endset %}
    {{ return(sql | trim) }}
{% endmacro %}
