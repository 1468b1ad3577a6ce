{#-
    Grain: one row per taxonomy that sub-states decide, stage and sub-state. Why it exists: which stage of
    each taxonomy a state belongs to, in long form for the reports.
-#}

with

taxonomies as (

    select * from {{ ref('lifecycle_taxonomies') }}

),

final as (

    select
        'canonical' as taxonomy,
        lifecycle_stage as taxonomy_stage,
        lifecycle_stage,
        lifecycle_sub_state
    from taxonomies

    union all

    select
        'sub_state' as taxonomy,
        lifecycle_stage || ':' || lifecycle_sub_state as taxonomy_stage,
        lifecycle_stage,
        lifecycle_sub_state
    from taxonomies

    union all

    select
        'growth' as taxonomy,
        growth_stage as taxonomy_stage,
        lifecycle_stage,
        lifecycle_sub_state
    from taxonomies

    union all

    select
        'marketing' as taxonomy,
        marketing_stage as taxonomy_stage,
        lifecycle_stage,
        lifecycle_sub_state
    from taxonomies

)

select * from final
