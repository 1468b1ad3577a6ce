{#- Numbers. -#}

{#-
    A quotient of two amounts or counts as numeric(28, 6), NULL for a zero divisor. Decimal division is
    double on DuckDB and decimal elsewhere, so both sides are made exact: integers first.
-#}
{% macro ratio(dividend, divisor) %}
    {{ return(
        'cast(round(cast(cast(' ~ dividend ~ ' as ' ~ clm.type_double() ~ ') / nullif(cast(' ~ divisor ~ ' as '
        ~ clm.type_double() ~ '), 0) as numeric(28, 9)), 6) as numeric(28, 6))'
    ) }}
{% endmacro %}


{#- An amount divided by a count, rounded half up to cents without passing through a double. -#}
{% macro average_amount(amount, count) %}{{ return(adapter.dispatch('average_amount', 'clm')(amount, count)) }}{% endmacro %}
{% macro default__average_amount(amount, count) %}
    {{ return('cast(round(' ~ amount ~ ' / nullif(' ~ count ~ ', 0), 2) as numeric(18, 2))') }}
{% endmacro %}
{% macro duckdb__average_amount(amount, count) %}
    {% set cents = 'cast(' ~ amount ~ ' * 100 as hugeint)' %}
    {% set twice = '(2 * abs(' ~ cents ~ ') + ' ~ count ~ ')' %}
    {{ return(
        'case when ' ~ count ~ ' > 0 then cast(cast(sign(' ~ amount ~ ') * (' ~ twice ~ ' // (2 * ' ~ count
        ~ ')) as decimal(28, 2)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)) end'
    ) }}
{% endmacro %}


{#- Bits of a 64-bit number from the lowest one on, as a number; `width` none: all the rest with the sign. -#}
{% macro bits(number, lowest, width=none) %}
    {% set shifted = adapter.dispatch('shift_right', 'clm')(number, lowest) %}
    {{ return(shifted if width is none else '(' ~ shifted ~ ' & ' ~ (2 ** width - 1) ~ ')') }}
{% endmacro %}
{% macro default__shift_right(number, places) %}{{ return('(' ~ number ~ ' >> ' ~ places ~ ')') }}{% endmacro %}
{% macro spark__shift_right(number, places) %}{{ return('shiftright(' ~ number ~ ', ' ~ places ~ ')') }}{% endmacro %}


{#- The median of whole numbers of a group, with one decimal; NULLs do not count. -#}
{% macro median(value) %}
    {{ return('cast(percentile_cont(0.5) within group (order by ' ~ value ~ ') as numeric(18, 1))') }}
{% endmacro %}
