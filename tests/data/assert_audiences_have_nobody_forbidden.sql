{#-
    Fails for every member of an audience who is erased, suppressed there, held out, without the granted consent
    that the channel needs, or not in the campaign's audience; for every hash of an empty text; and where one
    vendor's hash of an address is there and the other's is not, but for a name of dots at Google's own domains.
-#}

with

listed as (

    select * from {{ ref('audience_members') }}

),

members as (

    select * from listed
    where is_member

),

channels as (

    select * from {{ ref('channels') }}

),

audience as (

    select * from {{ ref('int_campaign_members') }}

),

suppressions as (

    select * from {{ ref('int_campaign_suppressions') }}

),

customers as (

    select * from {{ ref('customer_lifecycle') }}

),

arms as (

    select * from {{ ref('int_campaign_arms') }}

),

granted as (

    select * from {{ ref('int_consents_in_force') }}
    where status = 'granted'

)

select
    members.audience_key,
    case
        when audience.customer_id is null then 'not in the audience'
        when suppressions.customer_id is not null then suppressions.reason
        when customers.is_global_control then 'global control'
        when arms.is_campaign_control then 'campaign control'
        else 'no consent'
    end as fault
from members
left join channels on members.channel = channels.channel
left join audience
    on members.customer_id = audience.customer_id
    and members.campaign_id = audience.campaign_id
left join suppressions
    on members.customer_id = suppressions.customer_id
    and (suppressions.channel is null or members.channel = suppressions.channel)
left join customers on members.customer_id = customers.customer_id
left join arms
    on members.customer_id = arms.customer_id
    and members.campaign_id = arms.campaign_id
left join granted
    on members.customer_id = granted.customer_id
    and channels.consent_channel = granted.channel
    and channels.consent_purpose = granted.purpose
where
    audience.customer_id is null
    or channels.channel is null
    or suppressions.customer_id is not null
    or coalesce(customers.is_global_control, true)
    or coalesce(arms.is_campaign_control, true)
    or (channels.consent_channel is not null and granted.customer_id is null)

union all

select
    audience_key,
    'a wrong hash' as fault
from listed
where
    {{ clm.sha256("''") }} in (email_sha256_google, email_sha256_meta, phone_sha256_google, phone_sha256_meta)
    or (email_sha256_google is not null and email_sha256_meta is null)
    or (phone_sha256_google is null) <> (phone_sha256_meta is null)
    or phone_sha256_google = phone_sha256_meta
