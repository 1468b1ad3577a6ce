{#-
    Grain: one row per channel and keyed hash under which it got something about somebody who asked to be forgotten.
    Why it exists: a request reaches every place outside that ever received the person.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

ledger as (

    select * from {{ ref('base_activation_event') }}

),

register as (

    select * from {{ ref('erasure_register') }}

),

person_keys as (

    select * from {{ ref('int_person_keys') }}

),

-- all keys of whoever asked; of an id that no record has any more, its own
forgotten as (

    select
        person_keys.person_key,
        person_keys.known_id,
        register.requested_on
    from register
    inner join person_keys on register.customer_id = person_keys.customer_id

    union all

    select
        person_key,
        requested_id as known_id,
        requested_on
    from register
    where customer_id is null

),

requests as (

    select
        person_key,
        min({{ clm.byte_order('known_id') }}) as customer_id,
        min(requested_on) as requested_on
    from forgotten
    group by person_key

),

ranked as (

    select
        channel,
        person_key,
        state,
        row_number() over (
            partition by message_key, op, batch_id
            order by {{ clm.read_timestamp('event_at') }} desc, {{ clm.byte_order('event_id') }} desc
        ) as place
    from ledger
    where op in ('send', 'add', 'change') and channel is not null

),

-- what surely did not arrive needs no erasure
reached as (

    select distinct
        channel,
        person_key
    from ranked
    where place = 1 and state in ('claimed', 'sent', 'unknown')

),

erasures as (

    select
        {{ clm.sha256("'erase|' || reached.channel || '|' || reached.person_key") }} as erase_key,
        reached.channel,
        reached.person_key,
        requests.customer_id,
        requests.requested_on,
        as_of.as_of_date
    from reached
    cross join as_of
    inner join requests on reached.person_key = requests.person_key

),

final as (

    select
        erasures.*,
        {{ clm.payload_hash(['erase_key', 'channel', 'customer_id', 'requested_on']) }} as payload_hash
    from erasures

)

select * from final
