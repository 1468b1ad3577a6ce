{#-
    The table of a log. The embedded demo keeps one of its own: what happened to invented people is no
    history of a shop's.
-#}
{% macro log_alias(model) %}
    {{ return(model.name ~ ('_demo' if clm.input_mode() == 'demo' else '')) }}
{% endmacro %}


{#-
    CTEs of a log: `log_end` is the latest day that was written, `writing` the day that this build writes.
    A day before the latest is not written, unless clm_tag_log_rewind says so. They read the CTEs `as_of`
    and `entries` (column `entry_kind`: `run` marks a day that was written, `rewound` one that was dropped).
-#}
{% macro log_days() %}
log_end as (

    select max(case when entry_kind = 'run' then as_of_date end) as latest_on
    from entries

),

writing as (

    select as_of.as_of_date
    from as_of
    cross join log_end
    {%- if not var('clm_tag_log_rewind') %}
    where log_end.latest_on is null or log_end.latest_on <= as_of.as_of_date
    {%- endif %}

)
{%- endmacro %}


{#-
    The last rows of a log's result: the day of this build as `run`, and each later day that going back drops as `rewound`.
    `columns` are the log's own columns between entry_kind and as_of_date, with their types; they are NULL here.
-#}
{% macro log_marks(columns) %}
    {%- for kind, source in [('run', 'writing'), ('rewound', 'entries')] %}
    select
        '{{ kind }}' as entry_kind,
        {%- for name, type in columns.items() %}
        cast(null as {{ type }}) as {{ name }},
        {%- endfor %}
        {{ source }}.as_of_date
    from {{ source }}
    {%- if kind == 'rewound' %}
    inner join writing on entries.as_of_date > writing.as_of_date
    where entries.entry_kind = 'run'
    {%- else %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}


{#-
    What the entries of a CTE say was begun (+1) and ended (-1): columns customer_id, tag, tag_value, step,
    rule_version, changed_on. The steps of a person, tag and value add up to 1 where the tag is held, else to 0.
-#}
{% macro tag_log_steps(entries) %}
    select
        customer_id,
        tag,
        tag_value,
        1 as step,
        rule_version,
        as_of_date as changed_on
    from {{ entries }}
    where entry_kind in ('added', 'changed')

    union all

    select
        customer_id,
        tag,
        previous_value as tag_value,
        -1 as step,
        rule_version,
        as_of_date as changed_on
    from {{ entries }}
    where entry_kind in ('removed', 'changed')
{%- endmacro %}


{#- Says at the end of a build of an earlier day that the log was left alone, and what to do. -#}
{% macro report_tag_log(results) %}
    {% set built = {} %}
    {% for result in results if result.status == 'success' and result.node.name in ['int_as_of', 'int_tag_log'] %}
        {% do built.update({result.node.name: result.node.relation_name}) %}
    {% endfor %}
    {% if execute and built | length == 2 %}
        {% set row = run_query(
            "select as_of.as_of_date, log.latest_on from " ~ built['int_as_of'] ~ " as as_of cross join (select max(as_of_date) as latest_on from "
            ~ built['int_tag_log'] ~ " where entry_kind = 'run') as log where log.latest_on > as_of.as_of_date"
        ).rows %}
        {% if row | length > 0 %}
            {% do log(
                "The log of tags (" ~ built['int_tag_log'] ~ ") was left as it is: it reaches to " ~ row[0][1]
                ~ ", and this build is as of " ~ row[0][0] ~ ", which all marts show; to drop the log from that day on"
                ~ " and write it again, build with the var clm_tag_log_rewind: true.", info=true
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}
