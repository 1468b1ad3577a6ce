{#-
    Fails for every row of the tracking plan that no event can meet: a type that is not in lower case, a column that
    events do not have, an unknown purpose, no day of silence.
-#}

with

plan as (

    select * from {{ ref('tracking_plan') }}

),

-- what is left of the list of columns when every known one is taken out
stripped as (

    select
        plan.*,
        {% set columns = namespace(sql="',' || replace(plan.required_columns, ',', ',,') || ','") -%}
        {%- for name in clm.tracked_columns() -%}
        {%- set columns.sql = 'replace(' ~ columns.sql ~ ", '," ~ name ~ ",', '')" -%}
        {%- endfor -%}
        {{ columns.sql }} as unknown_columns
    from plan

)

select
    event_type,
    required_columns,
    consent_purpose,
    max_silence_days
from stripped
where
    event_type <> lower(trim(event_type))
    or channels <> lower(replace(channels, ' ', ''))
    or coalesce(unknown_columns, '') <> ''
    or coalesce(consent_purpose, 'marketing') not in ('marketing', 'service', 'profiling')
    or max_silence_days < 1
