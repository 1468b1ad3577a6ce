{#-
    Grain: one row per purchase unit: when it leaves the windows of growth and of loyalty. Why it
    exists: cost grows with the days that matter. A purchase may leave a window late, on a day that is
    looked at anyway, or never (NULL), where its leaving can decide nothing:
    - growth is not looked at while somebody slips, nor while somebody is loyal;
    - with fewer than clm_loyal_purchases in the window nobody is loyal, whoever leaves it.
-#}
{%- set growing = var('clm_growing_days') | int -%}
{%- set may_wait = var('clm_slipping_days') | int <= 2 * growing -%}
{%- set loyal_purchases = var('clm_loyal_purchases') | int -%}
{%- set one_row_is_one = var('clm_purchase_unit') == 'day' %}

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
        lag(ordered_on, {{ loyal_purchases - 1 }}) over (partition by customer_number order by ordered_on asc)
            as loyal_by_on,
        max(ended_on) over (
            partition by customer_number
            order by ordered_on asc
            rows between {{ loyal_purchases - 1 }} preceding and current row
        ) as any_ended_on,
        min(case when ended_on is null then ordered_on end) over (partition by customer_number) as first_on,
        {{ clm.add_days('ordered_on', growing) }} as recent_until,
        {{ clm.add_days('ordered_on', 2 * growing) }} as earlier_until,
        {{ clm.add_days('ordered_on', var('clm_loyal_window_days')) }} as loyal_until
    from units

),

-- loyal from the purchase until it left both windows of growth, whatever comes
judged as (

    select
        neighbours.*,
        coalesce(
            any_ended_on is null
            and {{ clm.add_days('loyal_by_on', var('clm_loyal_window_days')) }} >= earlier_until
            and {{ clm.add_days('first_on', var('clm_loyal_tenure_days')) }} <= ordered_on,
            false
        ) as is_loyal_throughout
    from neighbours

),

final as (

    select
        customer_number,
        ordered_on,
        unit_count,
        ended_on,
        case when is_loyal_throughout then 0 else unit_count end as growth_count,
        case when not is_loyal_throughout then recent_until end as recent_to,
        case
            when is_loyal_throughout then null
            {%- if may_wait %}
            when next_1_on is null or next_1_on > earlier_until then next_1_on
            {%- endif %}
            else earlier_until
        end as earlier_to,
        {% if one_row_is_one and loyal_purchases > 1 -%}
        case
            when next_{{ loyal_purchases - 1 }}_on < loyal_until then loyal_until
            {%- for step in range(1, loyal_purchases) %}
            when next_{{ step }}_on >= loyal_until then next_{{ step }}_on
            {%- endfor %}
        end as loyal_to
        {%- else -%}
        loyal_until as loyal_to
        {%- endif %}
    from judged

)

select * from final
