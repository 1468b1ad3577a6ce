{#-
    Grain: one row per experiment, metric and arm. Why it exists: the sums that every result is computed from. An outcome
    that is not known counts as none, as does revenue; 1e12 or more is no revenue.
-#}

with

units as (

    select * from {{ ref('stg_experiments') }}

),

-- of fewer than 19 digits DuckDB would square within 18
amounts as (

    select
        experiment_id,
        metric,
        arm,
        arm_share,
        case when outcome > 0 then 1 else 0 end as is_converted,
        {%- for name in ['revenue', 'revenue_before'] %}
        case
            when abs({{ name }}_amount) < 1000000000000 then cast({{ name }}_amount as numeric(19, 2)) else 0
        end as {{ name }},
        {%- endfor %}
        revenue_amount is not null as has_revenue,
        revenue_before_amount is not null as has_revenue_before
    from units

),

sums as (

    select
        experiment_id,
        metric,
        arm,
        max(arm_share) as arm_share,
        count(*) as unit_count,
        sum(is_converted) as conversion_count,
        max(case when has_revenue then 1 else 0 end) as has_revenue,
        max(case when has_revenue_before then 1 else 0 end) as has_revenue_before,
        sum(coalesce(revenue, 0)) as revenue_sum,
        sum(coalesce(revenue * revenue, 0)) as revenue_square_sum,
        sum(coalesce(revenue_before, 0)) as before_sum,
        sum(coalesce(revenue_before * revenue_before, 0)) as before_square_sum,
        sum(coalesce(revenue * revenue_before, 0)) as product_sum
    from amounts
    group by experiment_id, metric, arm

),

-- the control is called so, else it is the first arm in byte order
placed as (

    select
        sums.*,
        row_number() over (
            partition by experiment_id, metric
            order by case when lower(arm) = 'control' then 0 else 1 end asc, {{ clm.byte_order('arm') }} asc
        ) as place
    from sums

),

final as (

    select
        experiment_id,
        metric,
        arm,
        place = 1 as is_control,
        cast(arm_share as {{ clm.type_double() }}) as arm_share,
        cast(unit_count as integer) as unit_count,
        cast(conversion_count as integer) as conversion_count,
        has_revenue = 1 as has_revenue,
        has_revenue_before = 1 as has_revenue_before,
        cast(revenue_sum as numeric(38, 4)) as revenue_sum,
        cast(revenue_square_sum as numeric(38, 4)) as revenue_square_sum,
        cast(before_sum as numeric(38, 4)) as before_sum,
        cast(before_square_sum as numeric(38, 4)) as before_square_sum,
        cast(product_sum as numeric(38, 4)) as product_sum
    from placed

)

select * from final
