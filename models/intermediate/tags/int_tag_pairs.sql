{#-
    Grain: one row per pair of tags (or values of text tags) whose counts are so near each other that they may
    have nearly the same members. Why it exists: only these pairs are compared person by person. A value of
    a few people says nothing, and there may be many of them.
-#}

with

tags as (

    select * from {{ ref('customer_tags') }}

),

documented as (

    select * from {{ ref('int_tags_documented') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

population as (

    select count(*) as customer_count from customers

),

counted as (

    select
        tags.tag,
        tags.tag_value,
        tags.tag || coalesce(':' || tags.tag_value, '') as entry,
        count(*) as customer_count
    from tags
    inner join documented on tags.tag = documented.tag
    where documented.kind <> 'multi'
    group by tags.tag, tags.tag_value

),

weighty as (

    select counted.*
    from counted
    cross join population
    where
        counted.customer_count >= {{ var('clm_tag_overlap_least_count') }}
        and counted.customer_count >= {{ var('clm_tag_overlap_least_rate') }} * population.customer_count

),

final as (

    select
        ones.tag,
        ones.tag_value,
        ones.entry,
        ones.customer_count,
        seconds.tag as other_tag,
        seconds.tag_value as other_tag_value,
        seconds.entry as other_entry,
        seconds.customer_count as other_customer_count
    from weighty as ones
    inner join weighty as seconds
        on ones.tag <> seconds.tag
        and {{ clm.byte_order('ones.entry') }} < {{ clm.byte_order('seconds.entry') }}
        and least(ones.customer_count, seconds.customer_count)
        >= {{ var('clm_tag_overlap_rate') }} * greatest(ones.customer_count, seconds.customer_count)

)

select * from final
