{#- Who is held out. Buckets come from md5, so that the arm of a person is the same on every engine. -#}

{% macro is_global_control(customer_id) %}
    {{ return(
        clm.hash_bucket("'" ~ var('clm_global_control_salt') ~ "|' || " ~ customer_id) ~ ' < '
        ~ (var('clm_global_control_share') * 10000) | round | int
    ) }}
{% endmacro %}


{#- The keyed hash that stands for a person outside the warehouse's marts. -#}
{% macro person_key(customer_id) %}
    {{ return(clm.sha256("'" ~ var('clm_hash_salt') ~ "|' || " ~ customer_id)) }}
{% endmacro %}
