{#-
    Fails for every message of the activation ledger that was sent twice, that was sent without having been claimed
    in that batch before, or of which it is not known to whom it went, by which campaign and channel. Additions to
    audiences may be repeated after a removal, but not in a batch.
-#}

with

ledger as (

    select
        message_key,
        op,
        batch_id,
        state,
        channel,
        campaign_id,
        person_key,
        event_id,
        {{ clm.read_timestamp('event_at') }} as event_at
    from {{ ref('base_activation_event') }}
    where op in ('send', 'add')

),

sent as (

    select * from ledger
    where state = 'sent'

),

faults as (

    select
        message_key,
        'sent twice' as fault
    from sent
    group by message_key, op, case when op = 'add' then coalesce(batch_id, '') end
    having count(*) > 1

    union all

    select
        sent.message_key,
        'never claimed' as fault
    from sent
    left join ledger as claims
        on sent.message_key = claims.message_key
        and coalesce(sent.batch_id, '') = coalesce(claims.batch_id, '')
        and claims.state = 'claimed'
        and sent.event_at >= claims.event_at
    where sent.op = 'send' and claims.message_key is null

    union all

    select
        message_key,
        'of nobody, or by nothing' as fault
    from sent
    where
        message_key is null
        or person_key is null
        or channel is null
        or event_at is null
        or (op = 'send' and campaign_id is null)

)

select
    message_key,
    fault
from faults
