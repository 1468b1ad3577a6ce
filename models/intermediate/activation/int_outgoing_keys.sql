{#-
    Grain: one row per key that the activation script may deliver: messages, members of audiences, profiles. Why it
    exists: whom each is about, on which channel, and the consent that allows it, for everything that may still
    forbid it.
-#}

with

messages as (

    select * from {{ ref('campaign_outbox') }}

),

audiences as (

    select * from {{ ref('audience_members') }}

),

profiles as (

    select * from {{ ref('customer_profiles') }}

),

channels as (

    select * from {{ ref('channels') }}

),

consents as (

    select * from {{ ref('int_consents_in_force') }}

),

contacts as (

    select
        'campaign_outbox' as relation_name,
        message_key,
        customer_id,
        channel,
        campaign_id
    from messages

    union all

    select
        'audience_members' as relation_name,
        audience_key as message_key,
        customer_id,
        channel,
        campaign_id
    from audiences
    where is_member

),

final as (

    select
        contacts.relation_name,
        contacts.message_key,
        contacts.customer_id,
        contacts.channel,
        contacts.campaign_id,
        channels.consent_channel,
        channels.consent_purpose,
        consents.changed_at as granted_at
    from contacts
    left join channels on contacts.channel = channels.channel
    left join consents
        on contacts.customer_id = consents.customer_id
        and channels.consent_channel = consents.channel
        and channels.consent_purpose = consents.purpose
        and consents.status = 'granted'

    union all

    select
        'customer_profiles' as relation_name,
        profile_key as message_key,
        customer_id,
        {{ clm.as_text('null') }} as channel,
        {{ clm.as_text('null') }} as campaign_id,
        {{ clm.as_text('null') }} as consent_channel,
        {{ clm.as_text('null') }} as consent_purpose,
        cast(null as timestamp) as granted_at
    from profiles

)

select * from final
