{#- Features that an audience rule may compare with a number. -#}
{% macro audience_features() %}
    {{ return([
        'purchase_count', 'recency_days', 'net_revenue_amount', 'days_since_first_purchase',
        'days_since_first_fact', 'days_since_last_engagement',
    ]) }}
{% endmacro %}


{#- A bucket of a person for a purpose, below a share: nested, so that raising a share only adds. -#}
{% macro is_in_share(salt, customer_id, share) %}
    {{ return(clm.hash_bucket(salt ~ " || '|' || " ~ customer_id) ~ ' < ' ~ share ~ ' * 10000') }}
{% endmacro %}
