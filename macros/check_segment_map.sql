{#-
    After the seed rfm_segment_map is loaded: every one of the 125 cells of the three scores has exactly
    one row. Stops the build with the cells that do not.
-#}
{% macro check_segment_map(relation) %}
    {% if not execute %}{{ return('') }}{% endif %}
    {% set found = {} %}
    {% for row in run_query(
        'select recency_score, frequency_score, monetary_score from ' ~ relation ~ ' where segment is not null'
    ).rows %}
        {% set cell = 'R' ~ row[0] ~ ' F' ~ row[1] ~ ' M' ~ row[2] %}
        {% do found.update({cell: found.get(cell, 0) + 1}) %}
    {% endfor %}
    {% set missing = [] %}
    {% set doubled = [] %}
    {% for r in range(1, 6) %}{% for f in range(1, 6) %}{% for m in range(1, 6) %}
        {% set cell = 'R' ~ r ~ ' F' ~ f ~ ' M' ~ m %}
        {% if cell not in found %}{% do missing.append(cell) %}{% endif %}
        {% if found.get(cell, 0) > 1 %}{% do doubled.append(cell) %}{% endif %}
    {% endfor %}{% endfor %}{% endfor %}
    {% set faults = [] %}
    {% if missing %}{% do faults.append('no row for ' ~ missing | join(', ')) %}{% endif %}
    {% if doubled %}{% do faults.append('more than one row for ' ~ doubled | join(', ')) %}{% endif %}
    {% if faults %}
        {% do exceptions.raise_compiler_error(
            'The seed rfm_segment_map has ' ~ faults | join('; ') ~ ': give each of the 125 cells exactly one row.'
        ) %}
    {% endif %}
{% endmacro %}
