{#- Runs at the end: says which columns broke their constraints, and in how many rows; no value is shown. -#}
{% macro report_constraints(results) %}
    {% for result in results if result.status == 'fail' and (result.node.test_metadata or {}).name == 'clm_constraints' %}
        {% set relation = result.node.attached_node.split('.')[-1] %}
        {% for row in run_query(result.node.compiled_code).rows %}
            {% do print('Broken constraint of ' ~ relation ~ ': ' ~ row[0]) %}
        {% endfor %}
    {% endfor %}
{% endmacro %}
