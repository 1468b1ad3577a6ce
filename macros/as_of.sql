{#- The as-of date: the only "now" of the project. Models join the one-row model int_as_of. -#}

{#- `auto` or a date: --vars or the project file first, then CLM_AS_OF_DATE. -#}
{% macro as_of_setting() %}
    {% set setting = var('clm_as_of_date') | string %}
    {{ return(setting if setting != 'auto' else (env_var('CLM_AS_OF_DATE', '') or 'auto')) }}
{% endmacro %}

{#- The instant after which a fact lies in the future; it only bounds `auto`. -#}
{% macro clock_limit() %}
    {% set clock = var('clm_clock') | string %}
    {% if clock == 'auto' %}
        {% set clock = run_started_at.strftime('%Y-%m-%d %H:%M:%S') %}
    {% endif %}
    {{ return(
        '(' ~ clm.timestamp_literal(clock) ~ " + interval '" ~ var('clm_clock_tolerance_minutes') ~ "' minute)"
    ) }}
{% endmacro %}


{#- The day that a var gives, or else an expression. -#}
{% macro day_setting(name, otherwise) %}
    {% set setting = var(name) | string %}
    {{ return(otherwise if setting == 'auto' else "cast('" ~ setting ~ "' as date)") }}
{% endmacro %}
