{#- What a person was when something happened. -#}

{#- Whether a period of lifecycle_history (columns valid_from, valid_to) holds at the end of a day. -#}
{% macro held_on(history, day) %}
    {{ return(
        history ~ '.valid_from <= ' ~ day ~ ' and (' ~ history ~ '.valid_to is null or ' ~ history ~ '.valid_to > ' ~ day ~ ')'
    ) }}
{% endmacro %}


{#- The same at the beginning of a day, before what happened on it. -#}
{% macro held_before(history, day) %}
    {{ return(
        history ~ '.valid_from < ' ~ day ~ ' and (' ~ history ~ '.valid_to is null or ' ~ history ~ '.valid_to >= ' ~ day ~ ')'
    ) }}
{% endmacro %}


{#- What goals can measure: metric: whether it grows over the period, so that a pace can be asked for. -#}
{% macro goal_metrics() %}
    {{ return({
        'new_buyers': true, 'purchases': true, 'net_revenue': true, 'leads': true, 'churn_rate': true,
        'active_customers': false, 'repeat_rate': false, 'average_order_amount': false,
    }) }}
{% endmacro %}


{#- Columns of staged events that a row of the tracking plan may require. -#}
{% macro tracked_columns() %}
    {{ return({
        'anonymous_id': 'anonymous_id', 'customer_id': 'source_customer_id', 'session_id': 'session_id',
        'product_id': 'product_id', 'channel': 'channel', 'utm_source': 'utm_source', 'utm_medium': 'utm_medium',
        'utm_campaign': 'utm_campaign', 'properties': 'properties',
    }) }}
{% endmacro %}


{#- Whether a comma-joined list has an entry. -#}
{% macro is_listed(entry, list) %}
    {{ return(dbt.position("',' || " ~ entry ~ " || ','", "',' || " ~ list ~ " || ','") ~ ' > 0') }}
{% endmacro %}
