{#- What the recommendations are made of (docs/recommendations.md). -#}

{#- The kinds, in the order in which they win where a product scores the same by two of them. -#}
{% macro recommendation_kinds() %}
    {{ return([
        'replenishment', 'bought_together', 'new_arrival', 'next_higher', 'popular_in_category', 'popular'
    ]) }}
{% endmacro %}


{#- Why a product is recommended, in words of a language. -#}
{% macro recommendation_reason(language) %}
    {% set percent = clm.as_text('cast(round(100 * share, 0) as integer)') %}
    {% set times = clm.as_text('purchase_day_count') %}
    {% set gap = clm.as_text('expected_gap_days') %}
    {% set due = clm.as_text('due_on') %}
    {% set days = var('clm_popularity_days') %}
    {% if language == 'zh' %}
        {% set reasons = {
            'replenishment': "'买过 ' || " ~ times ~ " || ' 天，通常 ' || " ~ gap ~ " || ' 天后再买，' || " ~ due ~ " || ' 起该补货'",
            'bought_together': "'买过 ' || because_product || ' 的订单中 ' || " ~ percent ~ " || '% 也有它'",
            'new_arrival': "category || ' 新品'",
            'next_higher': "category || ' 中更高一档价位，最近 " ~ days ~ " 天该品类买家中 ' || " ~ percent ~ " || '% 购买'",
            'popular_in_category': "'最近 " ~ days ~ " 天 ' || category || ' 买家中 ' || " ~ percent ~ " || '% 购买'",
            'popular': "'最近 " ~ days ~ " 天全部买家中 ' || " ~ percent ~ " || '% 购买'",
        } %}
    {% else %}
        {% set reasons = {
            'replenishment': "'bought ' || case purchase_day_count when 1 then 'once' else 'on ' || " ~ times ~ " || ' days' end"
                ~ " || ', usually again after ' || " ~ gap ~ " || case expected_gap_days when 1 then ' day' else ' days' end"
                ~ " || ': due since ' || " ~ due,
            'bought_together': "'in ' || " ~ percent ~ " || ' % of the orders with ' || because_product",
            'new_arrival': "'new in ' || category",
            'next_higher': "'the next price band in ' || category || ', bought by ' || " ~ percent ~ " || ' % of its buyers in " ~ days ~ " days'",
            'popular_in_category': "'bought by ' || " ~ percent ~ " || ' % of the buyers of ' || category || ' in " ~ days ~ " days'",
            'popular': "'bought by ' || " ~ percent ~ " || ' % of all buyers in " ~ days ~ " days'",
        } %}
    {% endif %}
    {% set whens = [] %}
    {% for kind, words in reasons.items() %}
        {% do whens.append("when '" ~ kind ~ "' then " ~ words) %}
    {% endfor %}
    {{ return('case recommendation_kind ' ~ whens | join(' ') ~ ' end') }}
{% endmacro %}
