{#-
    Runs at the end: says in one line per raw table how many rows were set aside and why, and ends the
    run with a sentence when not one row of a table with rows could be used.
-#}
{% macro report_quarantine(results) %}
    {% set built = {} %}
    {% for result in results if result.status == 'success' and result.node.name in ['input_reconciliation', 'quarantined_records'] %}
        {% do built.update({result.node.name: result.node.relation_name}) %}
    {% endfor %}
    {% if execute and built | length == 2 %}
        {% set counts = run_query(
            "select source_table, raw_count, staged_count, quarantined_count from " ~ built['input_reconciliation']
            ~ " where quarantined_count > 0 order by source_table"
        ).rows %}
        {% set rules = run_query(
            "select source_table, rule, count(*) from " ~ built['quarantined_records'] ~ " group by 1, 2 order by 1, 3 desc, 2"
        ).rows %}
        {% set unusable = [] %}
        {% for row in counts %}
            {% set reasons = [] %}
            {% for rule in rules if rule[0] == row[0] %}
                {% do reasons.append(rule[1] ~ ' ' ~ rule[2]) %}
            {% endfor %}
            {% do log(row[0] ~ ': ' ~ row[3] ~ ' of ' ~ row[1] ~ ' rows quarantined (' ~ reasons[:8] | join('; ') ~ (' ...' if reasons | length > 8 else '') ~ ')', info=true) %}
            {% if row[2] == 0 and clm.input_contract()[row[0]].get('required') %}
                {% do unusable.append(row[0] ~ ' (' ~ row[1] ~ ' rows: ' ~ reasons[:3] | join('; ') ~ ')') %}
            {% endif %}
        {% endfor %}
        {% if unusable %}
            {% do exceptions.raise_compiler_error(
                "Not one row could be used of " ~ unusable | join(', ')
                ~ ": everything was built and every row stands in quarantined_records; mend the source and build again."
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}
