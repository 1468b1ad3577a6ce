{#-
    Distributions for results of experiments, as expressions over columns of doubles (docs/experiments.md). A column is
    named many times in each: give it a name in a step before.
-#}

{#- Quantiles of the normal distribution: two-sided 95 %, and 80 % power. -#}
{% macro z_confidence() %}{{ return('1.959963984540054') }}{% endmacro %}
{% macro z_power() %}{{ return('0.8416212335729143') }}{% endmacro %}


{#- A polynomial by Horner's rule, the highest coefficient first. -#}
{% macro polynomial(value, coefficients) %}
    {% set parts = namespace(text=coefficients[0]) %}
    {% for coefficient in coefficients[1:] %}
        {% set parts.text = '(' ~ parts.text ~ ' * ' ~ value ~ ' + ' ~ coefficient ~ ')' %}
    {% endfor %}
    {{ return(parts.text) }}
{% endmacro %}


{#-
    Probability that a normal variable exceeds abs(z), to 1e-14: the quotient of two polynomials up to 7.07 and a continued
    fraction beyond (Hart 1968, 5666; coefficients as in West 2005). 0 beyond 37, where a double would end.
-#}
{% macro normal_tail(z) %}
    {% set x = 'abs(' ~ z ~ ')' %}
    {% set upper = clm.polynomial(x, [
        '0.0352624965998911', '0.700383064443688', '6.37396220353165', '33.912866078383', '112.079291497871',
        '221.213596169931', '220.206867912376',
    ]) %}
    {% set lower = clm.polynomial(x, [
        '0.0883883476483184', '1.75566716318264', '16.064177579207', '86.7807322029461', '296.564248779674',
        '637.333633378831', '793.826512519948', '440.413735824752',
    ]) %}
    {% set fraction = namespace(text='(' ~ x ~ ' + 0.65)') %}
    {% for number in [4, 3, 2, 1] %}
        {% set fraction.text = '(' ~ x ~ ' + ' ~ number ~ ' / ' ~ fraction.text ~ ')' %}
    {% endfor %}
    {{ return(
        'case when ' ~ x ~ ' > 37 then 0 when ' ~ x ~ ' < 7.07 then exp(-' ~ z ~ ' * ' ~ z ~ ' / 2) * ' ~ upper ~ ' / '
        ~ lower ~ ' else exp(-' ~ z ~ ' * ' ~ z ~ ' / 2) / 2.506628274631 / ' ~ fraction.text ~ ' end'
    ) }}
{% endmacro %}


{#- The value of Student's t that 95 % of differences stay under, two-sided: Cornish and Fisher's expansion. -#}
{% macro t_confidence(freedom) %}
    {% set z = 1.959963984540054 %}
    {% set terms = [
        (z ** 3 + z) / 4,
        (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
        (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
        (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
    ] %}
    {{ return(
        '(' ~ z ~ ' + (' ~ terms[0] ~ ' + (' ~ terms[1] ~ ' + (' ~ terms[2] ~ ' + ' ~ terms[3] ~ ' / ' ~ freedom ~ ') / '
        ~ freedom ~ ') / ' ~ freedom ~ ') / ' ~ freedom ~ ')'
    ) }}
{% endmacro %}


{#-
    The normal variable as likely as a Student's t of so many degrees of freedom (Hill 1970), without its sign. Its own
    value w is `t_distance`, which has to be a column.
-#}
{% macro t_distance(t, freedom) %}
    {{ return(
        'sqrt((' ~ freedom ~ ' - 0.5) * ln(1 + ' ~ t ~ ' * ' ~ t ~ ' / ' ~ freedom ~ '))'
    ) }}
{% endmacro %}
{% macro t_as_normal(distance, freedom) %}
    {% set w = distance %}
    {% set b = '(48 * (' ~ freedom ~ ' - 0.5) * (' ~ freedom ~ ' - 0.5))' %}
    {% set square = '(' ~ w ~ ' * ' ~ w ~ ')' %}
    {{ return(
        '(' ~ w ~ ' + ' ~ w ~ ' * (' ~ square ~ ' + 3) / ' ~ b ~ ' - ' ~ w ~ ' * '
        ~ clm.polynomial(square, ['4', '33', '240', '855']) ~ ' / (10 * ' ~ b ~ ' * (' ~ b ~ ' + 0.8 * ' ~ square
        ~ ' * ' ~ square ~ ' + 100)))'
    ) }}
{% endmacro %}


{#-
    Probability that chi-square of so many degrees of freedom (1 to `most`) exceeds a value: finite sums, exact.
    `root` is the value's square root, which has to be a column.
-#}
{% macro chi_square_tail(value, root, freedom, most=9) %}
    {# an exponent below -745 is an error on PostgreSQL #}
    {% set density = 'exp(-least(' ~ value ~ ', 1400) / 2)' %}
    {% set whens = [] %}
    {% for number in range(1, most + 1) %}
        {% if number % 2 == 0 %}
            {% set sum = namespace(text='1') %}
            {% for step in range(number // 2 - 1, 0, -1) %}
                {% set sum.text = '(1 + ' ~ value ~ ' / ' ~ 2 * step ~ ' * ' ~ sum.text ~ ')' %}
            {% endfor %}
            {% set tail = density ~ ' * ' ~ sum.text %}
        {% else %}
            {% set sum = namespace(text='0') %}
            {% for step in range((number - 1) // 2, 0, -1) %}
                {% set sum.text = '(1 + ' ~ value ~ ' / ' ~ (2 * step + 1) ~ ' * ' ~ sum.text ~ ')' %}
            {% endfor %}
            {% set tail = '2 * ' ~ clm.normal_tail(root) ~ (
                '' if number == 1
                else ' + 0.7978845608028654 * ' ~ density ~ ' * ' ~ root ~ ' * ' ~ sum.text
            ) %}
        {% endif %}
        {% do whens.append('when ' ~ number ~ ' then ' ~ tail) %}
    {% endfor %}
    {{ return('case ' ~ freedom ~ ' ' ~ whens | join(' ') ~ ' end') }}
{% endmacro %}


{#-
    What one comparison of arms is told by: who assigned (`imported`: the raw table experiments; `campaign`), the experiment,
    the part of it that is looked at (`all` for the whole), and the metric. As columns of an alias, or as a join.
-#}
{% macro experiment_key(alias=none) %}
    {% set names = [] %}
    {% for name in ['test_source', 'experiment_id', 'breakdown', 'breakdown_value', 'metric'] %}
        {% do names.append((alias ~ '.' if alias else '') ~ name) %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
{% macro same_experiment(one, other) %}
    {% set parts = [] %}
    {% for name in clm.experiment_key() %}
        {% do parts.append(one ~ '.' ~ name ~ ' = ' ~ other ~ '.' ~ name) %}
    {% endfor %}
    {{ return(parts | join('\n        and ')) }}
{% endmacro %}
