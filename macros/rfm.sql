{#- The windows of the RFM measures: days, the scored window if it is another one, and lifetime. -#}
{% macro rfm_windows() %}
    {% set windows = [30, 90, 180, 365] %}
    {% set scored = var('clm_rfm_window_days') | string %}
    {% if scored != 'lifetime' and scored | int not in windows %}
        {% do windows.append(scored | int) %}
    {% endif %}
    {{ return(windows + ['lifetime']) }}
{% endmacro %}

{#- The suffix of a window's columns: `_90d`, or nothing for lifetime. -#}
{% macro window_suffix(days) %}
    {{ return('' if days | string == 'lifetime' else '_' ~ days ~ 'd') }}
{% endmacro %}
