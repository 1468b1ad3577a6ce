{#- How raw values reach the models: unread in the input view, then read into the contract's types. -#}

{#-
    A raw column in an input view, as it is where the engine can try a cast from it, else as text.
    PostgreSQL before 16 has no cast that can fail softly, so there everything is text.
-#}
{% macro raw_value(column, type) %}
    {{ return(adapter.dispatch('raw_value', 'clm')(column, type)) }}
{% endmacro %}

{% macro default__raw_value(column, type) %}
    {{ return('cast(' ~ adapter.quote(column.name) ~ ' as ' ~ clm.type_text() ~ ')') }}
{% endmacro %}

{% macro duckdb__raw_value(column, type) %}
    {% set name = '"' ~ column.name | replace('"', '""') ~ '"' %}
    {% set castable = {
        'timestamp': ['varchar', 'timestamp', 'date'],
        'date': ['varchar', 'timestamp', 'date'],
        'number': ['varchar', 'decimal', 'tinyint', 'smallint', 'integer', 'bigint', 'hugeint', 'utinyint', 'usmallint', 'uinteger', 'ubigint'],
        'text': ['varchar'],
    }[{'text': 'text', 'code': 'text', 'currency': 'text', 'timestamp': 'timestamp', 'date': 'date'}.get(type, 'number')] %}
    {% set base_type = modules.re.split('[( _]', column.type)[0] %}
    {{ return(name if base_type in castable else 'cast(' ~ name ~ ' as varchar)') }}
{% endmacro %}

{% macro spark__raw_value(column, type) %}
    {% set name = '`' ~ column.name | replace('`', '``') ~ '`' %}
    {% set castable = {
        'timestamp': ['string', 'timestamp', 'timestamp_ntz', 'date'],
        'date': ['string', 'timestamp', 'timestamp_ntz', 'date'],
        'number': ['string', 'decimal', 'tinyint', 'smallint', 'int', 'bigint'],
        'text': ['string'],
    }[{'text': 'text', 'code': 'text', 'currency': 'text', 'timestamp': 'timestamp', 'date': 'date'}.get(type, 'number')] %}
    {% set base_type = column.type.split('(')[0] %}
    {{ return(name if base_type in castable else 'cast(' ~ name ~ ' as string)') }}
{% endmacro %}


{#- A file `<folder>/<table>.parquet` or `.csv`: none, or what describe_input wants. -#}
{% macro describe_file(folder, table) %}
    {{ return(adapter.dispatch('describe_file', 'clm')(folder, table)) }}
{% endmacro %}

{% macro default__describe_file(folder, table) %}
    {{ return(none) }}
{% endmacro %}

{% macro duckdb__describe_file(folder, table) %}
    {% set path = folder.rstrip('/') ~ '/' ~ table %}
    {% set files = [] %}
    {% for suffix in ['.csv', '.parquet'] %}
        {% set pattern = dbt.string_literal(dbt.escape_single_quotes(clm.glob_escaped(path) ~ suffix)) %}
        {% do files.extend(run_query("select file from glob(" ~ pattern ~ ")").columns[0].values()) %}
    {% endfor %}
    {% if files | length == 0 %}
        {{ return(none) }}
    {% endif %}
    {% if files | length > 1 %}
        {% do exceptions.raise_compiler_error(
            "The folder CLM_RAW_DIR='" ~ folder ~ "' has both " ~ table ~ ".parquet and " ~ table
            ~ ".csv; remove the one that should not be read."
        ) %}
    {% endif %}
    {% set literal = dbt.string_literal(dbt.escape_single_quotes(clm.glob_escaped(files[0]))) %}
    {% set size = run_query("select size from read_blob(" ~ literal ~ ")").columns[0].values()[0] %}
    {% if size == 0 %}
        {% do exceptions.raise_compiler_error(
            "The file " ~ files[0] ~ " is empty (0 bytes): write it with a header line, or remove it"
            ~ (" (orders is required)." if clm.input_contract()[table].get('required') else ".")
        ) %}
    {% endif %}
    {% if files[0].endswith('.parquet') and size < 16000000 %}
        {% set marks = run_query("select hex(content)[1:8] || hex(content)[-8:] from read_blob(" ~ literal ~ ")").columns[0].values()[0] %}
        {% if marks != '5041523150415231' %}
            {% do exceptions.raise_compiler_error(
                "The file " ~ files[0] ~ " is no parquet file: write it again, or give it as " ~ table ~ ".csv."
            ) %}
        {% endif %}
    {% endif %}
    {% if files[0].endswith('.csv') %}
        {% set source = "read_csv(" ~ literal ~ ", delim = ',', quote = '\"', escape = '\"', comment = '', header = true, all_varchar = true, null_padding = true, parallel = false, strict_mode = false, max_line_size = 67108864, auto_detect = true, encoding = 'utf-8')" %}
    {% else %}
        {% set source = "read_parquet(" ~ literal ~ ")" %}
    {% endif %}
    {% set columns = {} %}
    {% for row in run_query("describe select * from " ~ source).rows %}
        {% do columns.update({row[0] | lower | trim: {'name': row[0], 'type': row[1] | lower}}) %}
    {% endfor %}
    {{ return({'from': source, 'label': files[0], 'columns': columns}) }}
{% endmacro %}

{#- A path in which no character is a wildcard. -#}
{% macro glob_escaped(path) %}
    {{ return(modules.re.sub('([*?\\[])', '[\\1]', path)) }}
{% endmacro %}


{#-
    A raw value read as a type of the contract: NULL where it is blank or cannot be read. Text stays as
    it is, but for blank text, which counts as absent. Timestamps with an offset become UTC.
-#}
{% macro read_value(value, type) %}
    {% if type == 'text' %}
        {{ return('case when trim(' ~ clm.as_text(value) ~ ") <> '' then " ~ clm.as_text(value) ~ ' end') }}
    {% elif type == 'code' %}
        {{ return("nullif(lower(trim(" ~ clm.as_text(value) ~ ")), '')") }}
    {% elif type == 'currency' %}
        {{ return("nullif(upper(trim(" ~ clm.as_text(value) ~ ")), '')") }}
    {% elif type == 'timestamp' %}
        {{ return(clm.read_timestamp(value)) }}
    {% elif type == 'date' %}
        {{ return('cast(' ~ clm.read_timestamp(value) ~ ' as date)') }}
    {% endif %}
    {{ return(clm.read_number(value, clm.input_type(type))) }}
{% endmacro %}

{% macro as_text(value) %}
    {{ return('cast(' ~ value ~ ' as ' ~ clm.type_text() ~ ')') }}
{% endmacro %}


{% macro read_timestamp(value) %}
    {{ return(adapter.dispatch('read_timestamp', 'clm')(value)) }}
{% endmacro %}

{#- typeof() is folded when the query is planned, so a native timestamp costs nothing here. -#}
{% macro duckdb__read_timestamp(value) %}
    {% set text = clm.as_text(value) %}
    {% set is_iso = "(" ~ text ~ " like '____-__-__%' or (" ~ text ~ " like ' %' and trim(" ~ text ~ ") like '____-__-__%'))" %}
    {{ return(
        "case when typeof(" ~ value ~ ") = 'VARCHAR' then"
        ~ " case when isfinite(try_cast(" ~ value ~ " as timestamptz)) and " ~ is_iso
        ~ " then cast(try_cast(" ~ value ~ " as timestamptz) as timestamp) end"
        ~ " else try_cast(" ~ value ~ " as timestamp) end"
    ) }}
{% endmacro %}

{% macro spark__read_timestamp(value) %}
    {{ return(
        "case when trim(cast(" ~ value ~ " as string)) like '____-__-__%' and not cast(" ~ value
        ~ " as string) rlike '[^ -~]' then try_cast(" ~ value ~ " as timestamp) end"
    ) }}
{% endmacro %}

{#- ISO 8601 by a pattern, then the calendar, so that the cast cannot fail. -#}
{% macro default__read_timestamp(value) %}
    {% set text = 'trim(' ~ value ~ ')' %}
    {% set year = 'cast(substr(' ~ text ~ ', 1, 4) as integer)' %}
    {% set month = 'cast(substr(' ~ text ~ ', 6, 2) as integer)' %}
    {% set day = 'cast(substr(' ~ text ~ ', 9, 2) as integer)' %}
    {{ return(
        "case when " ~ text ~ " ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        ~ "([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
        ~ " ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$'"
        ~ " then case when " ~ year ~ " >= 1 and " ~ day ~ " <= extract(day from make_date(" ~ year ~ ", " ~ month
        ~ ", 1) + interval '1 month' - interval '1 day')"
        ~ " then case when " ~ text ~ " ~ '(Z|[+-][0-9:]+)$' and length(" ~ text ~ ") > 10"
        ~ " then cast(" ~ text ~ " as timestamptz) at time zone 'UTC'"
        ~ " else cast(" ~ text ~ " as timestamp) end end end"
    ) }}
{% endmacro %}


{% macro read_number(value, type) %}
    {{ return(adapter.dispatch('read_number', 'clm')(value, type)) }}
{% endmacro %}

{% macro duckdb__read_number(value, type) %}
    {{ return('try_cast(' ~ value ~ ' as ' ~ type ~ ')') }}
{% endmacro %}

{#- Spark also reads digits of other scripts. -#}
{% macro spark__read_number(value, type) %}
    {{ return("case when not cast(" ~ value ~ " as string) rlike '[^ -~\\t\\r\\n]' then try_cast(" ~ value ~ " as " ~ type ~ ") end") }}
{% endmacro %}

{#- The outer cast: a case without else has no digits behind the point on PostgreSQL. -#}
{% macro default__read_number(value, type) %}
    {% set text = "btrim(" ~ value ~ ", ' ' || chr(9) || chr(10) || chr(13))" %}
    {% set digits = modules.re.findall('[0-9]+', type) %}
    {% set limit = '1e' ~ (digits[0] | int - digits[1] | int) %}
    {{ return(
        "cast(case when " ~ text ~ " ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$' and length(" ~ text ~ ") <= 100"
        ~ " then case when abs(round(cast(" ~ text ~ " as numeric), " ~ digits[1] ~ ")) < " ~ limit
        ~ " then cast(" ~ text ~ " as " ~ type ~ ") end end as " ~ type ~ ")"
    ) }}
{% endmacro %}


{#- Ends the transaction in which a hook made its views, where the engine has transactions. -#}
{% macro commit_prepared() %}{{ return(adapter.dispatch('commit_prepared', 'clm')()) }}{% endmacro %}
{% macro default__commit_prepared() %}{% do run_query('commit') %}{% endmacro %}
{% macro spark__commit_prepared() %}{% endmacro %}
