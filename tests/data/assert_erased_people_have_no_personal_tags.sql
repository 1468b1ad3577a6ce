{#- Fails for every entry in the log of tags, and every tag, that repeats an attribute of an erased person. -#}

with

erased as (

    select * from {{ ref('int_erased_people') }}

),

personal as (

    select tag
    from {{ ref('tag_catalogue') }}
    where is_personal

)

select
    entries.customer_id,
    entries.tag
from {{ ref('int_tag_log') }} as entries
inner join erased on entries.customer_id = erased.customer_id
inner join personal on entries.tag = personal.tag

union all

select
    tags.customer_id,
    tags.tag
from {{ ref('customer_tags') }} as tags
inner join erased on tags.customer_id = erased.customer_id
inner join personal on tags.tag = personal.tag
