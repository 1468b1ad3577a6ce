{#-
    Grain: one row per person. Tags about where somebody came from: one column per tag, documented in
    tags_source.yml.
-#}

with

features as (

    select * from {{ ref('int_customer_features') }}

),

final as (

    select
        customer_id,
        acquisition_source,
        industry
    from features

)

select * from final
