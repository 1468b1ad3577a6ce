{#-
    Grain: one row per channel that takes audiences, campaign and person. Why it exists: who belongs into an audience
    today, and who was added before and does not belong there any more; with the identifiers that ad vendors match.
-#}
{%- set hashes = ['email_sha256_google', 'email_sha256_meta', 'phone_sha256_google', 'phone_sha256_meta'] %}
{%- set payload = ['audience_key', 'customer_id', 'campaign_id', 'channel', 'is_member'] + hashes %}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

gated as (

    select * from {{ ref('int_campaign_gated') }}

),

additions as (

    select * from {{ ref('int_audience_additions') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

members as (

    select
        customer_id,
        campaign_id,
        channel,
        {{ clm.person_key('customer_id') }} as person_key
    from gated
    where channel in ({{ clm.audience_channels() }}) and blocked_by is null

),

listed as (

    select
        {{ clm.sha256("'audience|' || channel || '|' || campaign_id || '|' || person_key") }} as audience_key,
        person_key,
        customer_id,
        campaign_id,
        channel,
        true as is_member
    from members

    union all

    select
        additions.audience_key,
        additions.person_key,
        additions.customer_id,
        additions.campaign_id,
        additions.channel,
        false as is_member
    from additions
    left join members
        on additions.customer_id = members.customer_id
        and additions.campaign_id = members.campaign_id
        and additions.channel = members.channel
    where members.customer_id is null

),

identified as (

    select
        listed.audience_key,
        listed.person_key,
        listed.customer_id,
        listed.campaign_id,
        listed.channel,
        listed.is_member,
        {{ clm.email_sha256_google('customers.email') }} as email_sha256_google,
        {{ clm.email_sha256_meta('customers.email') }} as email_sha256_meta,
        {{ clm.phone_sha256_google('customers.phone') }} as phone_sha256_google,
        {{ clm.phone_sha256_meta('customers.phone') }} as phone_sha256_meta,
        as_of.as_of_date
    from listed
    cross join as_of
    left join customers on listed.customer_id = customers.customer_id

),

final as (

    select
        identified.*,
        {{ clm.payload_hash(payload, plain=['is_member']) }} as payload_hash
    from identified

)

select * from final
