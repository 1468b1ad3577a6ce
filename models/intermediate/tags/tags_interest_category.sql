{#-
    Grain: one row per person and category that was looked at. A multi-valued tag: its values and their
    evidence, documented in tags_interest_category.yml.
-#}

with

interests as (

    select * from {{ ref('int_customer_interests') }}

),

final as (

    select
        customer_id,
        category as tag_value,
        category,
        interest_event_count,
        last_interest_on
    from interests
    where interest_event_count >= {{ var('clm_tag_interest_events') }}

)

select * from final
