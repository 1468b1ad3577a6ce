{#-
    Grain: one row per source customer id that is known under another id. Why it exists: whoever kept
    the old id reads here where the person went, since when, and on what evidence.
-#}

with

links as (

    select * from {{ ref('int_identity_links') }}

),

final as (

    select
        source_customer_id as merged_customer_id,
        customer_id,
        linked_on as merged_on,
        linked_by,
        evidence
    from links
    where source_customer_id is not null and source_customer_id <> customer_id

)

select * from final
