{#-
    Fails for every person whose stage and sub-state are no pair of lifecycle_taxonomies, or who is
    read otherwise than it says.
-#}

select
    lifecycle.customer_id,
    lifecycle.lifecycle_stage,
    lifecycle.lifecycle_sub_state,
    lifecycle.growth_stage,
    lifecycle.marketing_stage
from {{ ref('customer_lifecycle') }} as lifecycle
left join {{ ref('lifecycle_taxonomies') }} as taxonomies
    on lifecycle.lifecycle_stage = taxonomies.lifecycle_stage
    and lifecycle.lifecycle_sub_state = taxonomies.lifecycle_sub_state
where
    taxonomies.lifecycle_stage is null
    or lifecycle.growth_stage is null
    or lifecycle.marketing_stage is null
    or lifecycle.growth_stage <> taxonomies.growth_stage
    or lifecycle.marketing_stage <> taxonomies.marketing_stage
