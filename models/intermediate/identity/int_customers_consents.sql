{#-
    Grain: one row per person with a consent given or refused up to the as-of date. Why it exists: the
    marketing consents by channel and the profiling consent in one row.
-#}

with

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

final as (

    select
        customer_id,
        {%- for channel in ['email', 'sms', 'push', 'ads', 'web', 'phone'] %}
        max(case when purpose = 'marketing' and channel = '{{ channel }}' then status end) as {{ channel }}_consent,
        {%- endfor %}
        min(case
            when purpose <> 'profiling' then null
            when status = 'granted' then 1
            else 0
        end) as is_profiling_granted
    from consents
    group by customer_id

)

select * from final
