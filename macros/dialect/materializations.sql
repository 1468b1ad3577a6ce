{#-
    How a step is kept that only one other model reads, but more than once: as a view where the engine computes
    a part of a query once however often the query names it, else as a table.
-#}
{% macro shared_step() %}{{ return(adapter.dispatch('shared_step', 'clm')()) }}{% endmacro %}
{% macro default__shared_step() %}{{ return('view') }}{% endmacro %}
{% macro spark__shared_step() %}{{ return('table') }}{% endmacro %}
