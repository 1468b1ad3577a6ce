{#-
    Fails for every taxonomy and stage of lifecycle_migration whose rows do not add up to the population of
    the earlier day, or whose columns not to that of the later day, as lifecycle_history has them.
-#}

with

migration as (

    select * from {{ ref('lifecycle_migration') }}

),

taxonomies_read_off as (

    select distinct taxonomy
    from migration

),

history as (

    select * from {{ ref('lifecycle_history') }}

),

taxonomies as (

    select * from {{ ref('int_taxonomy_states') }}

),

migration_days as (

    select * from {{ ref('int_migration_days') }}

),

segments as (

    select * from {{ ref('segments') }}

),
{% for side in ['from', 'to'] %}
population_{{ side }} as (

    select
        taxonomies.taxonomy,
        taxonomies.taxonomy_stage,
        count(*) as customer_count
    from history
    inner join migration_days
        on history.valid_from <= migration_days.{{ side }}_on
        and coalesce(history.valid_to > migration_days.{{ side }}_on, true)
    inner join taxonomies
        on history.lifecycle_stage = taxonomies.lifecycle_stage
        and history.lifecycle_sub_state = taxonomies.lifecycle_sub_state
    group by taxonomies.taxonomy, taxonomies.taxonomy_stage

),

-- segments and stages of value as the monthly segments have them, where the day is observed
observed_{{ side }} as (

    select
        monthly.segment,
        count(*) as customer_count
    from {{ ref('rfm_segment_monthly') }} as monthly
    inner join migration_days on monthly.observed_on = migration_days.{{ side }}_on
    where monthly.segment is not null
    group by monthly.segment

),

expected_{{ side }} as (

    select
        taxonomy,
        taxonomy_stage,
        customer_count
    from population_{{ side }}

    union all

    select
        'segment' as taxonomy,
        observed_{{ side }}.segment as taxonomy_stage,
        observed_{{ side }}.customer_count
    from observed_{{ side }}
    inner join taxonomies_read_off on taxonomies_read_off.taxonomy = 'segment'

    union all

    select
        'value' as taxonomy,
        segments.value_stage as taxonomy_stage,
        sum(observed_{{ side }}.customer_count) as customer_count
    from observed_{{ side }}
    inner join segments on observed_{{ side }}.segment = segments.segment
    inner join taxonomies_read_off on taxonomies_read_off.taxonomy = 'value'
    group by segments.value_stage

),

matrix_{{ side }} as (

    select
        taxonomy,
        stage_{{ side }} as taxonomy_stage,
        sum(customer_count) as customer_count
    from migration
    where
        stage_{{ side }} <> 'not_known'
        -- visitors are no buyers: their numbers are those of prospects, judged above
        and not (taxonomy = 'segment' and stage_{{ side }} in ('engaged_visitor', 'loyal_visitor'))
        and not (taxonomy = 'value' and stage_{{ side }} = 'acquisition')
    group by taxonomy, stage_{{ side }}

){{ ',' if not loop.last }}
{% endfor %}
{%- for side in ['from', 'to'] %}
select
    '{{ side }}' as side,
    coalesce(matrix.taxonomy, expected.taxonomy) as taxonomy,
    coalesce(matrix.taxonomy_stage, expected.taxonomy_stage) as taxonomy_stage,
    matrix.customer_count,
    expected.customer_count as expected_count
from matrix_{{ side }} as matrix
full outer join expected_{{ side }} as expected
    on matrix.taxonomy = expected.taxonomy
    and matrix.taxonomy_stage = expected.taxonomy_stage
where coalesce(matrix.customer_count, 0) <> coalesce(expected.customer_count, 0)
{%- if not loop.last %}

union all
{% endif %}
{%- endfor %}
