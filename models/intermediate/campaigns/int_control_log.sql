{#-
    Grain: one row per person, on the first as-of date that was built with that person, and one row per date for the run
    itself. Why it exists: whether somebody is in the global control group is drawn once and kept, whatever becomes of its
    share. A build of a date replaces that date; a build of a date before the latest changes nothing, as for the log of tags.
-#}
{{ config(
    materialized='incremental', incremental_strategy=clm.log_strategy(), unique_key=clm.log_key(),
    partition_by=clm.log_partition(), full_refresh=false, alias=clm.log_alias(model)
) }}
{%- set columns = {
    'customer_id': clm.type_text(), 'arm': clm.type_text(), 'control_share': 'numeric(18, 4)'
} %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

former_ids as (

    select * from {{ ref('int_former_ids') }}

),

entries as (
    {% if is_incremental() %}
    select * from {{ this }}
    {% else %}
    select
        {{ clm.as_text('null') }} as entry_kind,
        {{ clm.as_text('null') }} as customer_id,
        {{ clm.as_text('null') }} as arm,
        cast(null as numeric(18, 4)) as control_share,
        as_of_date
    from as_of
    where 1 = 0
    {% endif %}
),

{{ clm.log_days() }},

-- by the ids of today
known as (

    select distinct coalesce(former_ids.customer_id, entries.customer_id) as customer_id
    from entries
    inner join writing on entries.as_of_date < writing.as_of_date
    left join former_ids on entries.customer_id = former_ids.former_id
    where entries.entry_kind = 'assigned'

),

final as (

    select
        'assigned' as entry_kind,
        customers.customer_id,
        case when {{ clm.is_global_control('customers.customer_id') }} then 'control' else 'treated' end as arm,
        cast({{ var('clm_global_control_share') }} as numeric(18, 4)) as control_share,
        writing.as_of_date
    from customers
    cross join writing
    left join known on customers.customer_id = known.customer_id
    where known.customer_id is null

    union all

    {{ clm.log_marks(columns) }}

)

select * from final
