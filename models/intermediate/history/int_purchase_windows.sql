{#-
    Grain: one row per purchase unit: what it changes on its day, and when it leaves the windows of growth
    and of loyalty. Why it exists: cost grows with the days that matter. A purchase may leave a window late,
    on a day that is looked at anyway, or never (NULL), where its leaving can decide nothing:
    - growth is not looked at while somebody slips, nor while somebody is loyal;
    - with fewer than clm_loyal_purchases in the window nobody is loyal, whoever leaves it.
    Of people without a refund in full more is known: what leaves growth while they slip leaves it with the
    next purchase, and whether enough purchases are in the window of loyalty begins and ends as a whole.
-#}
{{ config(materialized=clm.shared_step()) }}
{%- set growing = var('clm_growing_days') | int -%}
{%- set may_wait = var('clm_slipping_days') | int <= 2 * growing -%}
{%- set may_wait_at_once = var('clm_slipping_days') | int <= growing -%}
{%- set loyal_purchases = var('clm_loyal_purchases') | int -%}
{%- set one_row_is_one = var('clm_purchase_unit') == 'day' and loyal_purchases > 0 -%}
{%- set window_days = var('clm_loyal_window_days') %}

with

units as (

    select * from {{ ref('int_purchase_units') }}

),

neighbours as (

    select
        customer_number,
        ordered_on,
        unit_count,
        ended_on,
        {%- for step in range(1, [loyal_purchases, 2] | max) %}
        lead(ordered_on, {{ step }}) over (partition by customer_number order by ordered_on asc) as next_{{ step }}_on,
        {%- endfor %}
        lag(ordered_on) over (partition by customer_number order by ordered_on asc) as previous_on,
        lag(ordered_on, {{ loyal_purchases - 1 }}) over (partition by customer_number order by ordered_on asc)
            as loyal_by_on,
        lag(ordered_on, {{ loyal_purchases }}) over (partition by customer_number order by ordered_on asc)
            as previous_loyal_by_on,
        coalesce(
            {%- for step in range(1, loyal_purchases) %}
            lag(ended_on, {{ step }}) over (partition by customer_number order by ordered_on asc),
            {%- endfor %}
            ended_on,
            null
        ) as any_ended_on,
        min(case when ended_on is null then ordered_on end) over (partition by customer_number) as first_on,
        {% if one_row_is_one -%}
        max(ended_on) over (partition by customer_number) is null as is_simple,
        {%- else -%}
        false as is_simple,
        {%- endif %}
        {{ clm.add_days('ordered_on', growing) }} as recent_until,
        {{ clm.add_days('ordered_on', 2 * growing) }} as earlier_until,
        {{ clm.add_days('ordered_on', window_days) }} as loyal_until
    from units

),

-- loyal from the purchase until it left both windows of growth, whatever comes
judged as (

    select
        neighbours.*,
        coalesce(
            any_ended_on is null
            and {{ clm.add_days('loyal_by_on', window_days) }} >= earlier_until
            and {{ clm.add_days('first_on', var('clm_loyal_tenure_days')) }} <= ordered_on,
            false
        ) as is_loyal_throughout,
        -- the same of the purchase before, of people without a refund in full
        coalesce(
            {{ clm.add_days('previous_loyal_by_on', window_days) }} >= {{ clm.add_days('previous_on', 2 * growing) }}
            and {{ clm.add_days('first_on', var('clm_loyal_tenure_days')) }} <= previous_on,
            false
        ) as was_loyal_throughout,
        {{ clm.days_between('previous_on', 'ordered_on') }} as gap_days,
        coalesce({{ clm.add_days('loyal_by_on', window_days) }} > ordered_on, false) as is_enough,
        coalesce({{ clm.add_days('previous_loyal_by_on', window_days) }} >= ordered_on, false) as was_enough
    from neighbours

),

final as (

    select
        customer_number,
        ordered_on,
        unit_count,
        ended_on,
        case when is_loyal_throughout then 0 else unit_count end as growth_count,
        case when is_loyal_throughout then 0 else unit_count end
        {%- if may_wait_at_once %}
        + case
            when not is_simple or gap_days is null or was_loyal_throughout then 0
            when gap_days >= {{ 2 * growing }} then -1
            when gap_days >= {{ growing }} then -2
            else 0
        end
        {%- endif %} as growth_step,
        case when not is_simple then unit_count when is_enough and not was_enough then {{ loyal_purchases }} else 0 end
            as loyal_step,
        case when is_simple then {{ loyal_purchases }} else unit_count end as loyal_count,
        case
            when is_loyal_throughout then null
            {%- if may_wait_at_once %}
            when is_simple and (next_1_on is null or next_1_on >= recent_until) then null
            {%- endif %}
            else recent_until
        end as recent_to,
        case
            when is_loyal_throughout then null
            {%- if may_wait_at_once %}
            when is_simple and (next_1_on is null or next_1_on >= earlier_until) then null
            {%- endif %}
            {%- if may_wait %}
            when next_1_on is null or next_1_on > earlier_until then next_1_on
            {%- endif %}
            else earlier_until
        end as earlier_to,
        case
            when is_simple and not is_enough then null
            when is_simple and {{ clm.add_days('loyal_by_on', window_days) }} >= next_1_on then null
            when is_simple then {{ clm.add_days('loyal_by_on', window_days) }}
            {%- if one_row_is_one and loyal_purchases > 1 %}
            when next_{{ loyal_purchases - 1 }}_on < loyal_until then loyal_until
            {%- for step in range(1, loyal_purchases) %}
            when next_{{ step }}_on >= loyal_until then next_{{ step }}_on
            {%- endfor %}
            {%- else %}
            else loyal_until
            {%- endif %}
        end as loyal_to
    from judged

)

select * from final
