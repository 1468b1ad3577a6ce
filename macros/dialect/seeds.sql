{#- How seed rows are written. -#}

{#-
    In place of dbt-spark's own: its in-process session writes a missing value as the text None and does
    not escape quotes, and a cast per value is slow. Found because this project is the root project.
-#}
{% macro spark__load_csv_rows(model, agate_table) %}
    {% set column_types = model['config'].get('column_types', {}) %}
    {% set statements = [] %}
    {% for chunk in agate_table.rows | batch(get_batch_size()) %}
        {% set statement %}
            insert into {{ this.render() }}
            select
                {%- for name in agate_table.column_names %}
                cast(column_{{ loop.index }} as {{ column_types.get(name, adapter.convert_type(agate_table, loop.index0)) }})
                {{- ',' if not loop.last }}
                {%- endfor %}
            from values
            {% for row in chunk -%}
                ({% for value in row %}{{ clm.seed_literal(value) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
            {% endfor %}
            as seed_rows ({% for name in agate_table.column_names %}column_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %})
        {% endset %}
        {% do adapter.add_query(statement, abridge_sql_log=True) %}
        {% do statements.append(statement) %}
    {% endfor %}
    {{ return(statements[0]) }}
{% endmacro %}

{% macro seed_literal(value) %}
    {% if value is none %}
        {{ return('null') }}
    {% endif %}
    {{ return("'" ~ (value | string | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'") }}
{% endmacro %}
