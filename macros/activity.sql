{#- The event types that customer days count by name: {column: event_type}. -#}
{% macro counted_events() %}
    {{ return({
        'page_view_count': 'page_view',
        'product_view_count': 'product_view',
        'search_count': 'search',
        'add_to_cart_count': 'add_to_cart',
        'wishlist_count': 'wishlist',
        'checkout_started_count': 'checkout_started',
        'feature_used_count': 'feature_used',
        'event_attended_count': 'event_attended',
    }) }}
{% endmacro %}


{#- What counts as purchases: days with one, or orders (clm_purchase_unit). -#}
{% macro purchases_of_day(order_count) %}
    {% if var('clm_purchase_unit') == 'order' %}
        {{ return(order_count) }}
    {% endif %}
    {{ return('case when ' ~ order_count ~ ' > 0 then 1 else 0 end') }}
{% endmacro %}


{#- Days of a counting window: rows of the last `days` business days, the as-of day included. -#}
{% macro in_window(day, days) %}
    {% if days | string == 'lifetime' %}
        {{ return('true') }}
    {% endif %}
    {{ return(clm.days_between(day, 'as_of.as_of_date') ~ ' < ' ~ days) }}
{% endmacro %}
