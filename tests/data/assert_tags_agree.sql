{#-
    Fails for every person whose list of tags in customer_lifecycle is not the tags of
    customer_tags, in number or by name, and for a tag of a stranger.
-#}

with

listed as (

    select
        customer_id,
        tags,
        case when tags is null then 0 else length(tags) - length(replace(tags, ',', '')) + 1 end as tag_count
    from {{ ref('customer_lifecycle') }}

),

tagged as (

    select * from {{ ref('customer_tags') }}

),

counted as (

    select
        tagged.customer_id,
        count(*) as tag_count,
        sum(case
            when
                ',' || listed.tags || ','
                like '%,' || tagged.tag || coalesce(':' || replace(tagged.tag_value, ',', ' '), '') || ',%'
                then 1
            else 0
        end) as listed_count
    from tagged
    left join listed on tagged.customer_id = listed.customer_id
    group by tagged.customer_id

)

select
    coalesce(listed.customer_id, counted.customer_id) as customer_id,
    listed.tags,
    counted.tag_count,
    counted.listed_count
from listed
full outer join counted on listed.customer_id = counted.customer_id
where
    listed.customer_id is null
    or listed.tag_count <> coalesce(counted.tag_count, 0)
    or coalesce(counted.tag_count, 0) <> coalesce(counted.listed_count, 0)
