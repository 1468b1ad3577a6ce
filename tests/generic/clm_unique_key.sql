{#- Fails for every value of the key that stands in more than one row; NULLs count as equal. -#}
{% test clm_unique_key(model, key_columns) %}
    select
        {{ key_columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ key_columns | join(', ') }}
    having count(*) > 1
{% endtest %}
