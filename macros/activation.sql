{#- What leaves the warehouse: the hash of a payload, and the identifiers that ad vendors match. -#}

{#-
    The hash that tells whether what goes out has changed: sha256 over the columns as JSON text, in the order given,
    NULLs left out. Names in `plain` are numbers or booleans.
-#}
{% macro payload_hash(columns, plain=[]) %}
    {%- set values = {} -%}
    {%- for name in columns -%}
        {%- do values.update({name: name if name in plain else clm.as_text(name)}) -%}
    {%- endfor -%}
    {{ return(clm.sha256(clm.json_object(values, plain))) }}
{% endmacro %}


{#-
    The hash of an e-mail as Google matches it: without blanks, in lower case, and for its own two domains without the
    dots and the +suffix of the name. NULL, never the hash of an empty text, where there is no e-mail.
-#}
{% macro email_sha256_google(value) %}
    {%- set email = "replace(lower(" ~ value ~ "), ' ', '')" -%}
    {%- set whens = [] -%}
    {%- for domain in ['@gmail.com', '@googlemail.com'] -%}
        {%- set name = "replace(split_part(substring(" ~ email ~ ", 1, length(" ~ email ~ ") - "
            ~ domain | length ~ "), '+', 1), '.', '')" -%}
        {%- do whens.append("when " ~ email ~ " like '%" ~ domain ~ "' then case when " ~ name ~ " <> '' then "
            ~ clm.sha256(name ~ " || '" ~ domain ~ "'") ~ " end") -%}
    {%- endfor -%}
    {{ return("case " ~ whens | join(' ') ~ " when " ~ email ~ " like '%_@_%' then " ~ clm.sha256(email) ~ " end") }}
{% endmacro %}

{#- The hash of an e-mail as Meta matches it: trimmed, in lower case. -#}
{% macro email_sha256_meta(value) %}
    {{ return("case when trim(" ~ value ~ ") like '%_@_%' then " ~ clm.sha256('lower(trim(' ~ value ~ '))') ~ " end") }}
{% endmacro %}


{#- The digits of a phone with its country's code, the first no 0; NULL where the code is not known. -#}
{% macro international_digits(value) %}
    {%- set digits = clm.only_digits(value) -%}
    {{ return(
        "case when trim(" ~ value ~ ") like '+%' and " ~ digits ~ " not like '0%' and length(" ~ digits
        ~ ") between 7 and 15 then " ~ digits ~ " end"
    ) }}
{% endmacro %}

{#- The hash of a phone as Google matches it: E.164, with the + in front. -#}
{% macro phone_sha256_google(value) %}
    {{ return(clm.sha256("'+' || " ~ clm.international_digits(value))) }}
{% endmacro %}

{#- The hash of a phone as Meta matches it: the same digits, without the +. -#}
{% macro phone_sha256_meta(value) %}
    {{ return(clm.sha256(clm.international_digits(value))) }}
{% endmacro %}


{#- The channels that are given a list of people, as SQL texts. -#}
{% macro audience_channels() %}
    {{ return("'" ~ var('clm_audience_channels') | join("', '") ~ "'") }}
{% endmacro %}
