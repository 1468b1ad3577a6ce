{#- Powers and series in doubles, by the operations that every engine has. -#}

{#- base ** exponent for a base above 0, clamped to 1e-304 .. 1e304: PostgreSQL raises an error beyond. -#}
{% macro power(base, exponent) %}
    {{ return('exp(greatest(-700.0, least(700.0, (' ~ exponent ~ ') * ln(' ~ base ~ '))))') }}
{% endmacro %}


{#-
    CTEs that sum a series from its last term to its first (Horner): h(n) = 1 + ratio(n) * h(n + 1) for
    n = `terms` .. 1, beginning with the column `tail` of the CTE `rows`. `ratio` is SQL over columns of `rows`, {n}
    stands for n. The CTE `horner` has the columns of `rows` and `series`, which is h(1).
-#}
{% macro horner(rows, ratio, terms) %}{{ return(adapter.dispatch('horner', 'clm')(rows, ratio, terms)) }}{% endmacro %}

{#- 16 steps in each CTE: an expression of all of them would be too deep for some parsers. -#}
{% macro default__horner(rows, ratio, terms) %}
{%- for block in range(terms // 16) %}
{%- set first = 'block_' ~ block ~ '.series_' ~ block if block else rows ~ '.tail' %}
{%- set sum = [first] %}
{%- for step in range(16) %}
{%- do sum.append('1 + ' ~ ratio | replace('{n}', terms - 16 * block - step) ~ ' * (' ~ sum.pop() ~ ')') %}
{%- endfor %}
{%- set source = 'block_' ~ block if block else rows %}
block_{{ block + 1 }} as (

    select
        {{ source }}.*,
        {{ sum[0] }} as series_{{ block + 1 }}
    from {{ source }}

),
{% endfor %}
horner as (

    select
        block_{{ terms // 16 }}.*,
        series_{{ terms // 16 }} as series
    from block_{{ terms // 16 }}

)
{%- endmacro %}

{#- Spark folds a sequence: what is nested is written out again in each generated class. -#}
{% macro spark__horner(rows, ratio, terms) %}
horner as (

    select
        {{ rows }}.*,
        aggregate(sequence({{ terms }}, 1, -1), tail, (h, n) -> 1 + {{ ratio | replace('{n}', 'n') }} * h) as series
    from {{ rows }}

)
{%- endmacro %}
