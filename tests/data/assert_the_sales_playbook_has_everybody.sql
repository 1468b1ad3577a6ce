{#- Fails for every stage and segment without a row in the sales playbook, and for rows of unknown ones. -#}

with

scopes as (

    select
        'lifecycle_stage' as scope_kind,
        lifecycle_stage as scope
    from {{ ref('lifecycle_stages') }}

    union all

    select
        'segment' as scope_kind,
        segment as scope
    from {{ ref('segments') }}

),

playbook as (

    select
        scope_kind,
        scope
    from {{ ref('sales_playbook') }}

)

select
    coalesce(scopes.scope_kind, playbook.scope_kind) as scope_kind,
    coalesce(scopes.scope, playbook.scope) as scope,
    case when playbook.scope is null then 'no row' else 'unknown' end as problem
from scopes
full outer join playbook
    on scopes.scope_kind = playbook.scope_kind
    and scopes.scope = playbook.scope
where scopes.scope is null or playbook.scope is null
