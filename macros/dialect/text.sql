{#- Text, hashes and JSON. -#}

{#- Byte order, whatever the collation of the database. -#}
{% macro byte_order(value) %}{{ return(adapter.dispatch('byte_order', 'clm')(value)) }}{% endmacro %}
{% macro default__byte_order(value) %}{{ return(value) }}{% endmacro %}
{% macro postgres__byte_order(value) %}{{ return(value ~ ' collate "C"') }}{% endmacro %}


{#- SHA-256 of a text's UTF-8 bytes, as lower case hex. -#}
{% macro sha256(value) %}{{ return(adapter.dispatch('sha256', 'clm')(value)) }}{% endmacro %}
{% macro default__sha256(value) %}{{ return('sha256(' ~ value ~ ')') }}{% endmacro %}
{% macro postgres__sha256(value) %}{{ return("encode(sha256(convert_to(" ~ value ~ ", 'UTF8')), 'hex')") }}{% endmacro %}
{% macro spark__sha256(value) %}{{ return('sha2(' ~ value ~ ', 256)') }}{% endmacro %}


{#- The digits of a text. -#}
{% macro only_digits(value) %}{{ return(adapter.dispatch('only_digits', 'clm')(value)) }}{% endmacro %}
{% macro default__only_digits(value) %}{{ return("regexp_replace(" ~ value ~ ", '[^0-9]', '', 'g')") }}{% endmacro %}
{% macro spark__only_digits(value) %}{{ return("regexp_replace(" ~ value ~ ", '[^0-9]', '')") }}{% endmacro %}


{#- A text as a JSON string with its quotes. Control characters come as \u00XX in upper case hex. -#}
{% macro json_string(value) %}{{ return(adapter.dispatch('json_string', 'clm')(value)) }}{% endmacro %}
{% macro duckdb__json_string(value) %}{{ return('cast(to_json(' ~ value ~ ') as varchar)') }}{% endmacro %}
{% macro spark__json_string(value) %}
    {{ return(
        "case when " ~ value ~ " is not null then regexp_replace(to_json(named_struct('v', " ~ value
        ~ ")), '^.\"v\":|.$', '') end"
    ) }}
{% endmacro %}
{#- PostgreSQL writes these in lower case hex. A doubled backslash steps aside meanwhile: it starts no escape. -#}
{% macro default__json_string(value) %}
    {% set ns = namespace(sql="replace(cast(to_json(" ~ value ~ ") as text), '\\\\', chr(1))") %}
    {% for code in ['0b', '0e', '0f', '1a', '1b', '1c', '1d', '1e', '1f'] %}
        {% set ns.sql = "replace(" ~ ns.sql ~ ", '\\u00" ~ code ~ "', '\\u00" ~ code | upper ~ "')" %}
    {% endfor %}
    {{ return("replace(" ~ ns.sql ~ ", chr(1), '\\\\')") }}
{% endmacro %}


{#- A top-level key of a JSON text, as text; NULL where there is none or the text is no JSON object. -#}
{% macro json_value(value, key) %}{{ return(adapter.dispatch('json_value', 'clm')(value, key)) }}{% endmacro %}
{% macro duckdb__json_value(value, key) %}
    {{ return("case when json_valid(" ~ value ~ ") then json_extract_string(" ~ value ~ ", '$." ~ key ~ "') end") }}
{% endmacro %}
{% macro spark__json_value(value, key) %}{{ return("get_json_object(" ~ value ~ ", '$." ~ key ~ "')") }}{% endmacro %}
{#- PostgreSQL 15 cannot ask whether a text is JSON: a pattern finds the key's string value. -#}
{% macro default__json_value(value, key) %}
    {% set found = "substring(" ~ value ~ " from '\"" ~ key ~ "\"[[:space:]]*:[[:space:]]*\"((?:[^\"\\\\]|\\\\.)*)\"')" %}
    {{ return("regexp_replace(" ~ found ~ ", '\\\\([\"\\\\/])', '\\1', 'g')") }}
{% endmacro %}


{#- The values of a group as one comma-joined text, in the byte order of the values. -#}
{% macro list_text(value) %}{{ return(adapter.dispatch('list_text', 'clm')(value)) }}{% endmacro %}
{% macro default__list_text(value) %}
    {{ return("string_agg(" ~ value ~ ", ',' order by " ~ clm.byte_order(value) ~ ")") }}
{% endmacro %}
{% macro spark__list_text(value) %}
    {{ return("case when count(" ~ value ~ ") > 0 then array_join(array_sort(collect_list(" ~ value ~ ")), ',') end") }}
{% endmacro %}


{#-
    Bucket 0..buckets-1 of a text: its first seven md5 digits as a number, modulo. No dispatch: the
    digits are read with functions that every warehouse has.
-#}
{% macro hash_bucket(value, buckets=10000) %}
    {% set terms = [] %}
    {% for i in range(1, 8) %}
        {% do terms.append(
            (16 ** (7 - i)) ~ " * (" ~ dbt.position("substring(" ~ dbt.hash(value) ~ ", " ~ i ~ ", 1)", "'0123456789abcdef'") ~ " - 1)"
        ) %}
    {% endfor %}
    {{ return("cast(mod(" ~ terms | join(' + ') ~ ", " ~ buckets ~ ") as integer)") }}
{% endmacro %}
