{#-
    Grain: one row per campaign and variant with a share. Why it exists: each variant owns a range of
    the 10,000 buckets, in byte order of the variants.
-#}

with

variants as (

    select * from {{ ref('campaign_variants') }}

),

summed as (

    select
        campaign_id,
        variant,
        sum(share) over (
            partition by campaign_id
            order by {{ clm.byte_order('variant') }} asc
            rows between unbounded preceding and current row
        ) as share_so_far,
        share
    from variants

),

final as (

    select
        campaign_id,
        variant,
        cast(round((share_so_far - share) * 10000, 0) as integer) as from_bucket,
        cast(round(share_so_far * 10000, 0) as integer) as until_bucket
    from summed

)

select * from final
