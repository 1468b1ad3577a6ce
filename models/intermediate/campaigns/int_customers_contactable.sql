{#-
    Grain: one row per person who exists on the as-of date. Why it exists: whether marketing may contact the person
    at all, by any channel that needs a consent; for systems that contact people by themselves.
-#}

with

held_out as (

    select * from {{ ref('int_customers_held_out') }}

),

suppressions as (

    select * from {{ ref('int_campaign_suppressions') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

channels as (

    select * from {{ ref('channels') }}

),

granted as (

    select distinct
        consents.customer_id,
        channels.channel
    from channels
    inner join consents
        on channels.consent_channel = consents.channel
        and channels.consent_purpose = consents.purpose
    where channels.consent_purpose = 'marketing' and consents.status = 'granted'

),

suppressed_everywhere as (

    select distinct customer_id
    from suppressions
    where channel is null

),

suppressed_channels as (

    select distinct
        customer_id,
        channel
    from suppressions
    where channel is not null

),

-- a consent for a suppressed channel opens nothing
counted as (

    select
        granted.customer_id,
        sum(case when suppressed_channels.customer_id is null then 1 else 0 end) as open_count
    from granted
    left join suppressed_channels
        on granted.customer_id = suppressed_channels.customer_id
        and granted.channel = suppressed_channels.channel
    group by granted.customer_id

),

final as (

    select
        held_out.customer_id,
        case
            when suppressed_everywhere.customer_id is not null then 'suppressed'
            when held_out.is_global_control then 'control'
            when counted.customer_id is null then 'no_consent'
            when counted.open_count = 0 then 'suppressed'
            else 'contactable'
        end as contact_status
    from held_out
    left join suppressed_everywhere on held_out.customer_id = suppressed_everywhere.customer_id
    left join counted on held_out.customer_id = counted.customer_id

)

select * from final
