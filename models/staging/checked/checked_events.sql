{#-
    Grain: one row per raw row of events, typed and judged. Why it exists: staging and quarantine are
    two halves of it, so no row can fall between. The free text of people who asked to be forgotten ends here.
-#}

with

bots as (

    select * from {{ ref('bot_list') }}

),

-- each user agent once, so that the patterns never meet the many events
bot_properties as (

    select distinct agents.properties
    from (
        select distinct properties
        from {{ ref('base_events') }}
        where properties is not null
    ) as agents
    inner join bots
        on bots.field = 'user_agent'
        and {{ dbt.position(
            'bots.pattern', "lower(" ~ clm.json_value(clm.as_text('agents.properties'), 'user_agent') ~ ")"
        ) }} > 0

),

bot_visitors as (

    select distinct pattern as anonymous_id
    from bots
    where field = 'anonymous_id'

),

erased_ids as (

    select identifier as customer_id
    from {{ ref('int_erased_identifiers') }}
    where identifier_kind = 'customer_id' and is_followed

),

-- the visitor ids that somebody who asked to be forgotten has used
erased_visitors as (

    select distinct base_events.anonymous_id
    from {{ ref('base_events') }} as base_events
    inner join erased_ids on base_events.customer_id = erased_ids.customer_id
    where base_events.anonymous_id is not null
    union
    select substring(customer_id, 6) as anonymous_id
    from erased_ids
    where substring(customer_id, 1, 5) = 'anon_'

),

{{ clm.checked_rows(
    'events',
    ref('base_events'),
    rules=[
        ['no_identifier', "typed.anonymous_id is null and typed.customer_id is null"],
        ['bot', "bot_properties.properties is not null or bot_visitors.anonymous_id is not null"],
    ],
    joins="left join bot_properties on typed.raw_properties = bot_properties.properties"
        ~ " left join bot_visitors on typed.anonymous_id = bot_visitors.anonymous_id"
        ~ " left join erased_ids on typed.customer_id = erased_ids.customer_id"
        ~ " left join erased_visitors on typed.customer_id is null"
        ~ " and typed.anonymous_id = erased_visitors.anonymous_id",
    additions={'is_erased': 'erased_ids.customer_id is not null or erased_visitors.anonymous_id is not null'},
    redactions={'properties': 'is_erased'}
) }},

final as (

    select
{{ clm.checked_columns('events') }}
    from judged

)

select * from final
