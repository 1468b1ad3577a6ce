{#-
    Fails for every profile of somebody who asked to be forgotten, and for every one that says `contactable` of
    somebody who is held out, suppressed on all channels, or without a granted consent on any.
-#}

with

profiles as (

    select * from {{ ref('customer_profiles') }}

),

customers as (

    select * from {{ ref('customer_360') }}

),

suppressions as (

    select distinct customer_id
    from {{ ref('int_campaign_suppressions') }}
    where channel is null

),

granted as (

    select distinct consents.customer_id
    from {{ ref('int_consents_in_force') }} as consents
    inner join {{ ref('channels') }} as channels
        on consents.channel = channels.consent_channel
        and consents.purpose = channels.consent_purpose
    where consents.purpose = 'marketing' and consents.status = 'granted'

)

select
    profiles.profile_key,
    profiles.contact_status
from profiles
left join customers on profiles.customer_id = customers.customer_id
left join suppressions on profiles.customer_id = suppressions.customer_id
left join granted on profiles.customer_id = granted.customer_id
where
    coalesce(customers.is_erased, true)
    or (
        profiles.contact_status = 'contactable'
        and (
            customers.is_global_control
            or suppressions.customer_id is not null
            or granted.customer_id is null
        )
    )
