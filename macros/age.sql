{#- Whole years from a birth date to a day; a birthday on 29 February counts from 1 March in other years. -#}
{% macro age_in_years(birth_date, day) %}
    {% set birthday = '(100 * ' ~ clm.part_of('month', birth_date) ~ ' + ' ~ clm.part_of('day', birth_date) ~ ')' %}
    {% set today = '(100 * ' ~ clm.part_of('month', day) ~ ' + ' ~ clm.part_of('day', day) ~ ')' %}
    {{ return(
        '(' ~ clm.part_of('year', day) ~ ' - ' ~ clm.part_of('year', birth_date)
        ~ ' - case when ' ~ today ~ ' < ' ~ birthday ~ ' then 1 else 0 end)'
    ) }}
{% endmacro %}
