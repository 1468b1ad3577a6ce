{#-
    Fails with one line per kind of rule that rows of the relation break; the line names columns and counts.
    One scan for all columns, and one more per key.

    key              columns that tell every row from the others; NULLs count as equal
    unique           columns (or lists of columns) of which no value stands twice; rows with a NULL are left out
    not_null         columns that are never NULL
    accepted_values  {column: the values that it may have}; NULL is left to not_null
-#}
{% test clm_constraints(model, key=[], unique=[], not_null=[], accepted_values={}) %}
    {%- set counts, parts = [], [] %}
    {%- for column in not_null %}
        {%- do counts.append('case when ' ~ column ~ ' is null then 1 else 0 end') %}
        {%- do parts.append(column ~ ' is NULL in ') %}
    {%- endfor %}
    {%- for column, values in accepted_values.items() %}
        {%- set literals = [] %}
        {%- for value in values %}
            {%- do literals.append(dbt.string_literal(dbt.escape_single_quotes(value)) if value is string else value) %}
        {%- endfor %}
        {%- do counts.append('case when ' ~ column ~ ' not in (' ~ literals | join(', ') ~ ') then 1 else 0 end') %}
        {%- do parts.append(column ~ ' has a value that is not accepted in ') %}
    {%- endfor %}
    {%- set selects = [] %}
    {%- if counts %}
        {%- set select %}
    select
        concat_ws(
            '; ',
            {%- for part in parts %}
            case when count_{{ loop.index }} > 0 then '{{ part }}' || {{ clm.as_text('count_' ~ loop.index) }} || ' rows' end{{ ',' if not loop.last }}
            {%- endfor %}
        ) as broken_rules
    from (
        select
            {%- for count in counts %}
            sum({{ count }}) as count_{{ loop.index }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ model }}
    ) as counted
    where
        {%- for count in counts %}
        {{ 'or ' if not loop.first }}count_{{ loop.index }} > 0
        {%- endfor %}
        {%- endset %}
        {%- do selects.append(select) %}
    {%- endif %}
    {%- for columns in ([key] if key else []) + unique %}
        {%- set columns = [columns] if columns is string else columns %}
        {%- set select %}
    select '{{ columns | join(', ') }} not unique: ' || {{ clm.as_text('count(*)') }} || ' values stand in more than one row' as broken_rules
    from (
        select
            {{ columns | join(', ') }},
            count(*) as row_count
        from {{ model }}
        {%- if not (key and loop.first) %}
        where {{ columns | join(' is not null and ') }} is not null
        {%- endif %}
        group by {{ columns | join(', ') }}
        having count(*) > 1
    ) as repeated
    having count(*) > 0
        {%- endset %}
        {%- do selects.append(select) %}
    {%- endfor %}
    {{- selects | join('\n    union all') }}
{% endtest %}
