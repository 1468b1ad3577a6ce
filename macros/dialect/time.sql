{#- Days and instants. A day is a date, an instant a timestamp without zone in UTC. -#}

{#- A day and a number of days. -#}
{% macro add_days(day, days) %}{{ return(adapter.dispatch('add_days', 'clm')(day, days)) }}{% endmacro %}
{% macro default__add_days(day, days) %}{{ return('(' ~ day ~ ' + cast(' ~ days ~ ' as integer))') }}{% endmacro %}
{% macro spark__add_days(day, days) %}{{ return('date_add(' ~ day ~ ', cast(' ~ days ~ ' as integer))') }}{% endmacro %}


{#- Days from the first day to the second, as an integer. -#}
{% macro days_between(first_day, second_day) %}
    {{ return(adapter.dispatch('days_between', 'clm')(first_day, second_day)) }}
{% endmacro %}
{% macro default__days_between(first_day, second_day) %}
    {{ return('cast(' ~ second_day ~ ' - ' ~ first_day ~ ' as integer)') }}
{% endmacro %}
{% macro spark__days_between(first_day, second_day) %}
    {{ return('datediff(' ~ second_day ~ ', ' ~ first_day ~ ')') }}
{% endmacro %}


{#- An instant in UTC as the clock showed it in a zone of the configuration. UTC costs nothing. -#}
{% macro local_time(instant, zone=none) %}
    {% set zone = zone or var('clm_timezone') %}
    {% if zone == 'UTC' %}
        {{ return(instant) }}
    {% endif %}
    {{ return(adapter.dispatch('local_time', 'clm')(instant, zone)) }}
{% endmacro %}
{% macro default__local_time(instant, zone) %}
    {{ return("((" ~ instant ~ " at time zone 'UTC') at time zone '" ~ zone ~ "')") }}
{% endmacro %}
{% macro spark__local_time(instant, zone) %}
    {{ return("convert_timezone('UTC', '" ~ zone ~ "', " ~ instant ~ ")") }}
{% endmacro %}


{#- The business day of an instant. -#}
{% macro business_day(instant) %}
    {{ return('cast(' ~ clm.local_time(instant) ~ ' as date)') }}
{% endmacro %}


{#- A whole number out of an instant or a day: year, month, day, hour. -#}
{% macro part_of(part, value) %}
    {{ return('cast(extract(' ~ part ~ ' from ' ~ value ~ ') as integer)') }}
{% endmacro %}


{#- An instant written in the configuration. -#}
{% macro timestamp_literal(text) %}{{ return("cast('" ~ text ~ "' as timestamp)") }}{% endmacro %}


{#- An hour of a day, a number or a column, as a timestamp; hour 24 is the midnight that ends the day. -#}
{% macro at_hour(day, hour) %}
    {{ return("(cast(" ~ day ~ " as timestamp) + interval '1' hour * " ~ hour ~ ")") }}
{% endmacro %}


{#- The UTC instant at which the clock of the configured zone shows a local time. UTC costs nothing. -#}
{% macro utc_time(local) %}
    {{ return(local if var('clm_timezone') == 'UTC' else clm.utc_time_in(local, "'" ~ var('clm_timezone') ~ "'")) }}
{% endmacro %}


{#-
    The UTC instant at which the clock of a zone, given by a column of IANA names, shows a local time. An
    hour that does not exist counts by the clock before the change; of an hour that exists twice it is the
    second.
-#}
{% macro utc_time_in(local, zone) %}{{ return(adapter.dispatch('utc_time_in', 'clm')(local, zone)) }}{% endmacro %}
{% macro default__utc_time_in(local, zone) %}
    {{ return("((" ~ local ~ " at time zone " ~ zone ~ ") at time zone 'UTC')") }}
{% endmacro %}
{#- Java takes the first of two: the second is found with the offset of a day later, if the clock agrees. -#}
{% macro spark__utc_time_in(local, zone) %}
    {% set first = "convert_timezone(" ~ zone ~ ", 'UTC', " ~ local ~ ")" %}
    {% set day_later = "(" ~ first ~ " + interval '1' day)" %}
    {% set second -%}
        ({{ day_later }} - (convert_timezone('UTC', {{ zone }}, {{ day_later }}) - cast({{ local }} as timestamp_ntz)))
    {%- endset %}
    {% set sql -%}
        cast(case
            when convert_timezone('UTC', {{ zone }}, {{ second }}) = {{ local }} then {{ second }}
            else {{ first }}
        end as timestamp)
    {%- endset %}
    {{ return(sql) }}
{% endmacro %}


{#- The number of a day's month, counted from year 0: consecutive months have consecutive numbers. -#}
{% macro month_number(day) %}
    {{ return('(' ~ clm.part_of('year', day) ~ ' * 12 + ' ~ clm.part_of('month', day) ~ ')') }}
{% endmacro %}


{#- The last day of the month that lies `months_ago` months before a day's own. -#}
{% macro month_end(day, months_ago=0) %}
    {{ return(adapter.dispatch('month_end', 'clm')(day, months_ago)) }}
{% endmacro %}
{% macro default__month_end(day, months_ago) %}
    {{ return(
        "cast(date_trunc('month', " ~ day ~ ") - interval '1 month' * (" ~ months_ago ~ " - 1) - interval '1 day' as date)"
    ) }}
{% endmacro %}
{% macro spark__month_end(day, months_ago) %}
    {{ return('last_day(add_months(' ~ day ~ ', -(' ~ months_ago ~ ')))') }}
{% endmacro %}


{#- The month of a day as text, `2024-03`. -#}
{% macro month_text(day) %}
    {{ return('substring(cast(' ~ day ~ ' as ' ~ clm.type_text() ~ '), 1, 7)') }}
{% endmacro %}
