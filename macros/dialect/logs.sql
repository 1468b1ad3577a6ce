{#-
    How a log by as-of date is written: the rows of the dates that the new result has replace those dates,
    in one step. Where an engine can delete rows it deletes and inserts in one transaction, elsewhere it
    overwrites partitions, so as_of_date is the last column of every log.
-#}
{% macro log_strategy() %}{{ return(adapter.dispatch('log_strategy', 'clm')()) }}{% endmacro %}
{% macro default__log_strategy() %}{{ return('delete+insert') }}{% endmacro %}
{% macro spark__log_strategy() %}{{ return('insert_overwrite') }}{% endmacro %}

{% macro log_key() %}{{ return(adapter.dispatch('log_key', 'clm')()) }}{% endmacro %}
{% macro default__log_key() %}{{ return('as_of_date') }}{% endmacro %}
{% macro spark__log_key() %}{{ return(none) }}{% endmacro %}

{% macro log_partition() %}{{ return(adapter.dispatch('log_partition', 'clm')()) }}{% endmacro %}
{% macro default__log_partition() %}{{ return(none) }}{% endmacro %}
{% macro spark__log_partition() %}{{ return('as_of_date') }}{% endmacro %}
