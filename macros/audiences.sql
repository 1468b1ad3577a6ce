{#- Features that an audience rule may compare with a number. -#}
{% macro audience_features() %}
    {{ return([
        'purchase_count', 'recency_days', 'net_revenue_amount', 'days_since_first_purchase',
        'days_since_first_fact', 'days_since_last_engagement',
    ]) }}
{% endmacro %}


{#- What becomes of a message that was sent, in the order of a funnel. -#}
{% macro message_outcomes() %}
    {{ return([
        'delivered', 'opened', 'clicked', 'bounced_hard', 'bounced_soft', 'unsubscribed', 'complained',
    ]) }}
{% endmacro %}
