{#-
    Grain: one row per pair of tags (or values of text tags) with nearly the same members, the first by name
    first. Why it exists: two tags that mean the same people are one too many.
-#}

with

tags as (

    select * from {{ ref('customer_tags') }}

),

candidates as (

    select * from {{ ref('int_tag_pairs') }}

),

-- only the members of a tag in some pair
entries as (

    select entry from candidates
    union
    select other_entry as entry from candidates

),

members as (

    select
        tags.customer_id,
        entries.entry
    from tags
    inner join entries on tags.tag || coalesce(':' || tags.tag_value, '') = entries.entry

),

shared as (

    select
        candidates.entry,
        candidates.other_entry,
        count(*) as common_count
    from candidates
    inner join members as ones on candidates.entry = ones.entry
    inner join members as seconds
        on candidates.other_entry = seconds.entry
        and ones.customer_id = seconds.customer_id
    group by candidates.entry, candidates.other_entry

),

rated as (

    select
        candidates.*,
        shared.common_count,
        {{ clm.ratio(
            'shared.common_count',
            'candidates.customer_count + candidates.other_customer_count - shared.common_count'
        ) }} as overlap_rate
    from candidates
    inner join shared
        on candidates.entry = shared.entry
        and candidates.other_entry = shared.other_entry

),

final as (

    select
        tag,
        tag_value,
        other_tag,
        other_tag_value,
        cast(customer_count as integer) as customer_count,
        cast(other_customer_count as integer) as other_customer_count,
        cast(common_count as integer) as common_count,
        overlap_rate
    from rated
    where overlap_rate >= {{ var('clm_tag_overlap_rate') }}

)

select * from final
