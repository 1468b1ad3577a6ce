{#- What the models of purchases and of their value are computed with (docs/value.md). -#}

{#- Terms of the series: one more than a multiple of 16. The linter, which runs nothing, reads a short one. -#}
{% macro value_terms() %}{{ return(17 if target.name == 'lint' else 321) }}{% endmacro %}


{#-
    The steps in which a horizon is predicted: [{horizon_days, days, weight}]. Value is discounted per step of 30 days,
    so that the sum over the steps of weight * purchases up to the step is what they are worth today.
-#}
{% macro value_steps() %}
    {% set rate = var('clm_value_discount_rate') | float %}
    {% set all = [] %}
    {% for horizon in [var('clm_churn_horizon_days') | int, var('clm_value_horizon_days') | int] | unique %}
        {% set ends = (range(30, horizon, 30) | list if rate > 0 else []) + [horizon] %}
        {% for days in ends %}
            {% set now = (1 + rate) ** (-days / 365) %}
            {% set then = 0 if loop.last else (1 + rate) ** (-ends[loop.index] / 365) %}
            {% do all.append({'horizon_days': horizon, 'days': days, 'weight': now - then}) %}
        {% endfor %}
    {% endfor %}
    {{ return(all) }}
{% endmacro %}


{#- Days as weeks, in a double: a decimal quotient has six digits on Spark. -#}
{% macro weeks(days) %}{{ return('cast(' ~ days ~ ' as ' ~ clm.type_double() ~ ') / 7') }}{% endmacro %}


{#- A double rounded to 6 decimals, exact from there on; NULL stays NULL. -#}
{% macro rounded(value) %}
    {{ return('cast(round(cast(' ~ value ~ ' as numeric(28, 9)), 6) as numeric(28, 6))') }}
{% endmacro %}


{#- Whether somebody is much less active than usual: the tag engagement_falling and the churn warning ask it alike. -#}
{% macro is_engagement_falling(recent, earlier) %}
    {{ return(
        earlier ~ ' * ' ~ var('clm_tag_falling_days') ~ ' >= ' ~ var('clm_tag_falling_least_days') ~ ' * '
        ~ var('clm_tag_falling_baseline_days') ~ ' and ' ~ recent ~ ' * ' ~ var('clm_tag_falling_baseline_days')
        ~ ' <= ' ~ var('clm_tag_falling_share') ~ ' * ' ~ earlier ~ ' * ' ~ var('clm_tag_falling_days')
    ) }}
{% endmacro %}


{#- The band of the churn warning of a buyer who has not churned: the tag churn_risk and its reasons ask it alike. -#}
{% macro churn_risk_band(ratio, is_falling) %}
    {% set medium = ratio ~ ' >= ' ~ var('clm_churn_risk_medium_ratio') %}
    {{ return(
        'case when ' ~ ratio ~ ' >= ' ~ var('clm_churn_risk_high_ratio') ~ ' or (' ~ medium ~ ' and ' ~ is_falling
        ~ ") then 'high' when " ~ medium ~ ' or ' ~ is_falling ~ " then 'medium' when " ~ ratio
        ~ " is not null then 'low' end"
    ) }}
{% endmacro %}


{#- What speaks for a churn warning, in words of a language; NULL where nothing does. -#}
{% macro churn_drivers(language) %}
    {% set text = clm.as_text %}
    {% set usual = text('round(cast(earlier_active_days * ' ~ var('clm_tag_falling_days') ~ '.0 / '
        ~ var('clm_tag_falling_baseline_days') ~ ' as numeric(18, 6)), 0)') %}
    {% set usual = text('cast(' ~ usual ~ ' as integer)') %}
    {% set gap = text('cast(round(expected_gap_days, 0) as integer)') %}
    {% set percent = text('cast(round(100 * p_no_purchase, 0) as integer)') %}
    {% set days = var('clm_tag_falling_days') %}
    {% set horizon = var('clm_churn_horizon_days') %}
    {% if language == 'zh' %}
        {% set separator = '；' %}
        {% set silent = "'已沉默 ' || " ~ text('silence_days') ~ " || ' 天，通常 ' || " ~ gap ~ " || ' 天内再次购买'" %}
        {% set falling = "'最近 " ~ days ~ " 天活跃 ' || " ~ text('recent_active_days') ~ " || ' 天，以往约 ' || " ~ usual ~ " || ' 天'" %}
        {% set unlikely = "'未来 " ~ horizon ~ " 天不购买的概率为 ' || " ~ percent ~ " || '%'" %}
    {% else %}
        {% set separator = '; ' %}
        {% set silent = "'no purchase for ' || " ~ text('silence_days') ~ " || ' days, usually within ' || " ~ gap %}
        {% set falling = "'active on ' || " ~ text('recent_active_days') ~ " || ' of the last " ~ days ~ " days, usually on ' || " ~ usual %}
        {% set unlikely = percent ~ " || ' % likely not to buy in " ~ horizon ~ " days'" %}
    {% endif %}
    {{ return(
        "nullif(concat_ws('" ~ separator ~ "', case when is_overdue then " ~ silent ~ ' end, case when is_engagement_falling then '
        ~ falling ~ ' end, case when is_unlikely_to_buy then ' ~ unlikely ~ " end), '')"
    ) }}
{% endmacro %}
