{#-
    Grain: one row per person and channel (NULL: all channels) never to be contacted, with why. Why it
    exists: erasures and suppressions hold whatever the as-of date; one that could not be read entirely
    still counts.
-#}

with

suppressions as (

    select * from {{ ref('checked_suppressions') }}

),

erased as (

    select * from {{ ref('int_erased_people') }}

),

identifiers as (

    select * from {{ ref('int_customer_identifiers') }}

),

final as (

    select distinct
        identifiers.customer_id,
        suppressions.channel,
        'suppressed' as reason
    from identifiers
    inner join suppressions on identifiers.identifier_hash = suppressions.identifier_hash

    union all

    select
        customer_id,
        cast(null as {{ clm.type_text() }}) as channel,
        'erased' as reason
    from erased

)

select * from final
