{#-
    The body of a checked model: every raw row once, with its typed columns and `failed_rules`, the
    comma-joined names of the rules it fails in a fixed order, NULL for a sound row.

    Order of the rules: key_missing, exact_duplicate, superseded; then by column missing_<c>,
    unparsable_<c>, before_1990_<c>; then the model's own `rules` in their order; then in_future.

    Only rows whose key occurs more than once take part in the choice between versions, so that the
    many others cost one hash aggregate and no sort. Of several versions of a key the sound ones go
    first, then the latest `version` column, then the greatest md5 of the typed columns.

    inputs      the base model; read three times, so that no engine keeps all of it in memory
    rules       list of [name, SQL condition over the typed columns `typed.<column>`]
    joins       SQL joined to `typed` that the rules need
    additions   {column: SQL} added to the model, over `typed` and the joins
    keep_record true where a later rule of the model may still reject a row: its JSON is needed then
    redactions  {column: condition over the additions} under which a column of somebody who asked to be
                forgotten goes, from the row and from its JSON; judged and compared is the row as it came
-#}
{% macro checked_rows(table, inputs, rules=[], joins='', additions={}, keep_record=false, redactions={}) %}
    {%- set spec = clm.input_contract()[table] -%}
    {%- set columns = clm.input_columns(table) -%}
    {%- set key_sql = clm.record_key(table) -%}
    {%- set all_rules = clm.column_rules(table) + rules + clm.future_rules(table) %}
repeated_keys as (

    select record_key
    from (select {{ key_sql }} as record_key from {{ inputs }} as inputs) as keyed
    where record_key is not null
    group by record_key
    having count(*) > 1

),

{%- for branch in ['once', 'repeated'] %}

typed_{{ branch }} as (

    select
        {{ key_sql }} as record_key,
        {%- for column in columns %}
        {{ clm.read_value('inputs.' ~ column.name, column.type) }} as {{ column.name }},
        inputs.{{ column.name }} as raw_{{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ inputs }} as inputs
    {{ 'left' if branch == 'once' else 'inner' }} join repeated_keys
        on {{ key_sql }} = repeated_keys.record_key
    {%- if branch == 'once' %}
    where repeated_keys.record_key is null
    {%- endif %}

),

judged_{{ branch }} as (

    select
        typed.*,
        {%- for name, sql in additions.items() %}
        {{ sql }} as {{ name }},
        {%- endfor %}
        case
            when
                {%- for rule in all_rules %}
                {{ 'or ' if not loop.first }}({{ rule[1] }})
                {%- endfor %}
                then concat_ws(
                    ',',
                    {%- for rule in all_rules %}
                    case when {{ rule[1] }} then '{{ rule[0] }}' end{{ ',' if not loop.last }}
                    {%- endfor %}
                )
        end as value_rules
    from typed_{{ branch }} as typed
    {{ joins }}

),
{%- endfor %}

versions as (

    select
        judged_repeated.*,
        {{ dbt.hash(clm.content_text(table, 'judged_repeated')) }} as content_md5,
        {{ clm.json_record(table, 'judged_repeated') }} as record
    from judged_repeated

),

ranked as (

    select
        versions.*,
        first_value(content_md5) over (
            partition by record_key
            order by
                case when value_rules is null then 0 else 1 end asc,
                {%- if spec.get('version') %}
                case when {{ spec.version }} is null then 1 else 0 end asc,
                {{ spec.version }} desc,
                {%- endif %}
                {{ clm.byte_order('content_md5') }} desc
            rows between unbounded preceding and current row
        ) as kept_md5,
        row_number() over (
            partition by record_key, content_md5
            order by {{ clm.byte_order('record') }} asc
        ) as copy_number
    from versions

),

judged as (

    select
        {%- for column in columns %}
        {{ clm.redacted(column.name, redactions) }},
        {%- endfor %}
        {%- for name in additions %}
        {{ name }},
        {%- endfor %}
        record_key,
        nullif(concat_ws(',', case when record_key is null then 'key_missing' end, value_rules), '') as failed_rules,
        case
            when {{ 'true' if keep_record else 'record_key is null or value_rules is not null' }}
                then {{ clm.json_record(table, 'judged_once', redactions) }}
        end as record
    from judged_once

    union all

    select
        {%- for column in columns %}
        {{ clm.redacted(column.name, redactions) }},
        {%- endfor %}
        {%- for name in additions %}
        {{ name }},
        {%- endfor %}
        record_key,
        nullif(concat_ws(
            ',',
            case when copy_number > 1 then 'exact_duplicate' end,
            case when content_md5 <> kept_md5 then 'superseded' end,
            value_rules
        ), '') as failed_rules,
        case
            when {{ 'true' if keep_record else 'copy_number > 1 or content_md5 <> kept_md5 or value_rules is not null' }}
                then {{ clm.json_record(table, 'ranked', redactions) if redactions else 'record' }}
        end as record
    from ranked

)
{%- endmacro %}


{#- A column, NULL under its condition among `redactions`. -#}
{% macro redacted(name, redactions) %}
    {%- if name in redactions -%}
        {{ return('case when not ' ~ redactions[name] ~ ' then ' ~ name ~ ' end as ' ~ name) }}
    {%- endif -%}
    {{ return(name) }}
{% endmacro %}


{#- The columns of a checked model, for its last select. -#}
{% macro checked_columns(table, additions=[]) %}
    {%- for column in clm.input_columns(table) %}
        {{ column.name }},
    {%- endfor %}
    {%- for name in additions %}
        {{ name }},
    {%- endfor %}
        case when failed_rules is not null then record_key end as record_key,
        failed_rules,
        record
{%- endmacro %}


{#- The key of a raw row as one text: NULL where a part that a key needs is blank. -#}
{% macro record_key(table) %}
    {%- set parts = [] -%}
    {%- for part in clm.input_contract()[table]['key'] -%}
        {%- set name = part | replace('?', '') -%}
        {%- set type = (clm.input_columns(table) | selectattr('name', 'equalto', name) | first).type -%}
        {%- set text = clm.read_value('inputs.' ~ name, type if type in ['code', 'currency'] else 'text') -%}
        {%- do parts.append("coalesce(" ~ text ~ ", '')" if part.endswith('?') else text) -%}
    {%- endfor -%}
    {{ return(parts | join(" || '|' || ")) }}
{% endmacro %}


{#- Rules that follow from the contract: [name, condition] by column. -#}
{% macro column_rules(table) %}
    {%- set rules = [] -%}
    {%- set key = clm.input_contract()[table]['key'] -%}
    {%- for column in clm.input_columns(table) -%}
        {%- set is_blank = "(typed.raw_" ~ column.name ~ " is null or trim(" ~ clm.as_text('typed.raw_' ~ column.name) ~ ") = '')" -%}
        {%- set typed_is_blank = 'typed.' ~ column.name ~ ' is null' -%}
        {%- if column.is_required and column.name not in key -%}
            {%- do rules.append(['missing_' ~ column.name, typed_is_blank ~ ' and ' ~ is_blank]) -%}
        {%- endif -%}
        {%- if column.type not in ['text', 'code', 'currency'] -%}
            {%- do rules.append(['unparsable_' ~ column.name, typed_is_blank ~ ' and not ' ~ is_blank]) -%}
        {%- endif -%}
        {%- if column.type == 'timestamp' or (column.type == 'date' and column.is_required) -%}
            {%- do rules.append(['before_1990_' ~ column.name, 'typed.' ~ column.name ~ " < " ~ clm.timestamp_literal('1990-01-01 00:00:00')]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rules) }}
{% endmacro %}


{#- A fact after the clock, judged only when the as-of date is chosen from the data. -#}
{% macro future_rules(table) %}
    {%- set column = clm.input_contract()[table].get('event_time') -%}
    {%- if column and clm.as_of_setting() == 'auto' -%}
        {{ return([['in_future', 'typed.' ~ column ~ ' > ' ~ clm.clock_limit()]]) }}
    {%- endif -%}
    {{ return([]) }}
{% endmacro %}


{#- The typed columns of a row as one text, NULL and '' told apart. -#}
{% macro content_text(table, alias) %}
    {%- set parts = ["coalesce(" ~ alias ~ ".value_rules, '')"] -%}
    {%- for column in clm.input_columns(table) -%}
        {%- do parts.append("coalesce('=' || " ~ clm.as_text(alias ~ '.' ~ column.name) ~ ", '-')") -%}
    {%- endfor -%}
    {{ return(parts | join(" || '|' || ")) }}
{% endmacro %}


{#-
    A raw row as JSON text: values as the source wrote them, in contract order, NULLs and what must be
    forgotten left out.
-#}
{% macro json_record(table, alias, redactions={}) %}
    {%- set values = {} -%}
    {%- for column in clm.input_columns(table) -%}
        {%- set text = clm.as_text(alias ~ '.raw_' ~ column.name) -%}
        {%- if column.name in redactions -%}
            {%- set text = 'case when not ' ~ redactions[column.name] ~ ' then ' ~ text ~ ' end' -%}
        {%- endif -%}
        {%- do values.update({column.name: text}) -%}
    {%- endfor -%}
    {{ return(clm.json_object(values)) }}
{% endmacro %}


{#-
    A JSON object as text: keys in the order given, NULLs left out. Values are SQL texts, quoted as
    JSON strings; names in `plain` are SQL numbers or booleans, written as they are.
-#}
{% macro json_object(values, plain=[]) %}
    {%- set parts = [] -%}
    {%- for name, value in values.items() -%}
        {%- if name in plain -%}
            {%- do parts.append("'\"" ~ name ~ "\":' || " ~ clm.as_text(value)) -%}
        {%- else -%}
            {%- do parts.append("case when " ~ value ~ " is not null then '\"" ~ name ~ "\":' || " ~ clm.json_string(value) ~ " end") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return("'{' || concat_ws(',', " ~ parts | join(', ') ~ ") || '}'") }}
{% endmacro %}
