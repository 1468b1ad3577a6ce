{#-
    How a step is kept that only one other model reads, but more than once: as a view where the engine computes
    a part of a query once however often the query names it, else as a table.
-#}
{% macro shared_step() %}{{ return(adapter.dispatch('shared_step', 'clm')()) }}{% endmacro %}
{% macro default__shared_step() %}{{ return('view') }}{% endmacro %}
{% macro spark__shared_step() %}{{ return('table') }}{% endmacro %}


{#-
    The order in which a table's rows are written, where that lets the engine skip what a query about one person
    does not need: DuckDB keeps the least and greatest value of every 120,000 rows.
-#}
{% macro stored_by(key) %}{{ return(adapter.dispatch('stored_by', 'clm')(key)) }}{% endmacro %}
{% macro default__stored_by(key) %}{{ return('') }}{% endmacro %}
{% macro duckdb__stored_by(key) %}{{ return('order by ' ~ key ~ ' asc') }}{% endmacro %}
