{#- Names of types and what a warehouse can do. Truth tables: tests/python/test_dialect.py. -#}

{% macro type_text() %}{{ return(adapter.dispatch('type_text', 'clm')()) }}{% endmacro %}
{% macro default__type_text() %}{{ return('text') }}{% endmacro %}
{% macro duckdb__type_text() %}{{ return('varchar') }}{% endmacro %}
{% macro spark__type_text() %}{{ return('string') }}{% endmacro %}


{#- 64 bits; never dbt's type_float, which has 32 bits on two engines. -#}
{% macro type_double() %}{{ return(adapter.dispatch('type_double', 'clm')()) }}{% endmacro %}
{% macro default__type_double() %}{{ return('double precision') }}{% endmacro %}
{% macro spark__type_double() %}{{ return('double') }}{% endmacro %}


{#- Whether a relation has a database above its schema. -#}
{% macro has_databases() %}{{ return(adapter.dispatch('has_databases', 'clm')()) }}{% endmacro %}
{% macro default__has_databases() %}{{ return(true) }}{% endmacro %}
{% macro spark__has_databases() %}{{ return(false) }}{% endmacro %}


{#- Whether raw tables may be files in a folder. -#}
{% macro reads_files() %}{{ return(adapter.dispatch('reads_files', 'clm')()) }}{% endmacro %}
{% macro default__reads_files() %}{{ return(false) }}{% endmacro %}
{% macro duckdb__reads_files() %}{{ return(true) }}{% endmacro %}


{#- The engine's type for a type of the input contract. -#}
{% macro input_type(type) %}
    {% set types = {
        'text': clm.type_text(), 'code': clm.type_text(), 'currency': clm.type_text(),
        'amount': 'numeric(18, 2)', 'price': 'numeric(18, 4)', 'quantity': 'numeric(18, 4)',
        'rate': 'numeric(18, 8)', 'score': 'numeric(18, 4)',
        'timestamp': 'timestamp', 'date': 'date',
    } %}
    {{ return(types[type]) }}
{% endmacro %}
