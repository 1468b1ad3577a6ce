{#-
    Grain: one row per person. Why it exists: the first day on which somebody had come as far as each step of
    the funnel, or farther: who buys without ever having been a lead has passed that step all the same.
-#}
{%- set steps = clm.funnel_steps() %}

with

history as (

    select * from {{ ref('lifecycle_history') }}

),

levelled as (

    select
        customer_id,
        valid_from,
        case
            when lifecycle_sub_state = 'advocate' then 6
            when lifecycle_stage = 'loyal' then 5
            when lifecycle_stage = 'active' then 4
            when lifecycle_stage in ('new', 'churned') then 3
            when lifecycle_sub_state = 'lead' then 2
            else 1
        end as step_number
    from history

),

final as (

    select
        customer_id,
        {%- for step in steps %}
        min(case when step_number >= {{ loop.index }} then valid_from end) as {{ step }}_on
        {{- ',' if not loop.last }}
        {%- endfor %}
    from levelled
    group by customer_id

)

select * from final
