{#- Who is who: addresses, their hashes, and the walk through the records that share them. -#}

{#- The keyed hash that stands for an address where the address itself must not stand. -#}
{% macro address_hash(address) %}
    {{ return(clm.sha256("'" ~ var('clm_hash_salt') ~ "|' || " ~ address)) }}
{% endmacro %}


{#- One text for a source customer id or for the pair of addresses of guest orders. -#}
{% macro customer_node(source_customer_id) %}
    {{ return("'c|' || " ~ source_customer_id) }}
{% endmacro %}

{% macro guest_node(email_key, phone_key) %}
    {{ return("'g|' || coalesce(" ~ email_key ~ ", '') || '|' || coalesce(" ~ phone_key ~ ", '')") }}
{% endmacro %}


{#-
    Two rounds of connected components. In a round every node, and the node that its label names, takes
    the least label among its neighbours and itself; then every node takes the label of its label.
    Telling the node of the label too is what makes it fast: a chain of 51 records in random order takes
    7 rounds, one of 2,000 takes 10; without it dozens. Labels only fall, and a component with one label is
    done. Two rounds per model, because an engine that inlines CTEs repeats them.
-#}
{% macro label_rounds(labels) %}
with

edges as (

    select * from {{ ref('int_identity_edges') }}

),

labels_0 as (

    select * from {{ labels }}

),

{%- for step in [1, 2] %}
{%- set before = 'labels_' ~ (step - 1) %}

told_{{ step }} as (

    select
        edges.node_number,
        own.label as own_label,
        others.label
    from edges
    inner join {{ before }} as own on edges.node_number = own.node_number
    inner join {{ before }} as others on edges.other_number = others.node_number

),

hooked_{{ step }} as (

    select
        node_number,
        min(label) as label
    from (
        select
            node_number,
            label
        from told_{{ step }}
        union all
        select
            own_label as node_number,
            label
        from told_{{ step }}
        union all
        select
            node_number,
            label
        from {{ before }}
    ) as messages
    group by node_number

),

labels_{{ step }} as (

    select
        hooked_{{ step }}.node_number,
        targets.label
    from hooked_{{ step }}
    inner join hooked_{{ step }} as targets on hooked_{{ step }}.label = targets.node_number

),
{%- endfor %}

final as (

    select
        node_number,
        label
    from labels_2

)

select * from final
{%- endmacro %}


{#- What a checked model joins to find rows of people who asked to be forgotten. -#}
{% macro erasure_joins(email, phone) %}
    {%- set erased = ref('int_erased_identifiers') -%}
    {{ return(
        "left join " ~ erased ~ " as erased_ids on erased_ids.identifier_kind = 'customer_id'"
        ~ " and erased_ids.is_followed and typed.customer_id = erased_ids.identifier"
        ~ " left join " ~ erased ~ " as erased_emails on erased_emails.identifier_kind = 'email'"
        ~ " and " ~ clm.address_hash(email) ~ " = erased_emails.identifier"
        ~ " left join " ~ erased ~ " as erased_phones on erased_phones.identifier_kind = 'phone'"
        ~ " and " ~ clm.address_hash(phone) ~ " = erased_phones.identifier"
    ) }}
{% endmacro %}


{#-
    The columns that a checked model gets from those joins. is_erased: every attribute of the row goes.
    erased_email_key, erased_phone_key: what stays of an address that goes, its keyed hash, which
    depends on the address alone, so that identity comes out as it was. An address of the block list
    keeps its sign: it must not start to link now.
-#}
{% macro erasure_additions() %}
    {%- set is_erased = "(erased_ids.identifier is not null or coalesce(erased_emails.is_followed, false)"
        ~ " or coalesce(erased_phones.is_followed, false))" -%}
    {%- set additions = {'is_erased': is_erased} -%}
    {%- for name in ['email', 'phone'] -%}
        {%- set joined = 'erased_' ~ name ~ 's' -%}
        {%- do additions.update({
            'erased_' ~ name ~ '_key':
                "case when not " ~ joined ~ ".is_blocked then " ~ joined ~ ".identifier"
                ~ " when " ~ joined ~ ".is_blocked and " ~ is_erased ~ " then 'blocked:' || " ~ joined ~ ".identifier end",
        }) -%}
    {%- endfor -%}
    {{ return(additions) }}
{% endmacro %}


{#- Which columns of a checked model go, and when. -#}
{% macro erasure_redactions(attributes=[]) %}
    {%- set redactions = {
        'email': '(is_erased or erased_email_key is not null)',
        'phone': '(is_erased or erased_phone_key is not null)',
    } -%}
    {%- for name in attributes -%}
        {%- do redactions.update({name: 'is_erased'}) -%}
    {%- endfor -%}
    {{ return(redactions) }}
{% endmacro %}


{#-
    One step of the walk from a request: from the identifiers reached before to the raw rows that carry one of
    them (followed), and to all that these rows carry (reached). An address that the block list names, or that
    too many rows have, leads to nobody. One step per model, because an engine that inlines CTEs repeats them.
-#}
{% macro erasure_step(before) %}
with

carriers as (

    select * from {{ ref('int_erasure_carriers') }}

),

reached_before as (

    select
        identifier_kind,
        identifier
    from {{ before }}
    where is_reached

),

touched as (

    select
        carriers.identifier_kind,
        carriers.identifier,
        carriers.carrier,
        count(*) over (partition by carriers.identifier_kind, carriers.identifier) as carrier_count
    from reached_before
    inner join carriers
        on reached_before.identifier_kind = carriers.identifier_kind
        and reached_before.identifier = carriers.identifier
    where not carriers.is_blocked

),

followed as (

    select
        identifier_kind,
        identifier,
        carrier
    from touched
    where identifier_kind = 'customer_id' or carrier_count <= {{ var('clm_identity_max_ids') }}

),

found as (

    select
        identifier_kind,
        identifier,
        1 as is_followed,
        0 as is_reached
    from followed

    union all

    select
        carriers.identifier_kind,
        carriers.identifier,
        0 as is_followed,
        1 as is_reached
    from carriers
    where carriers.carrier in (select followed.carrier from followed)

),

final as (

    select
        identifier_kind,
        identifier,
        max(is_followed) = 1 as is_followed,
        max(is_reached) = 1 as is_reached
    from found
    group by identifier_kind, identifier

)

select * from final
{%- endmacro %}
