{#-
    Grain: one row per person, tag, value and unbroken period as observed at builds. Why it exists: who had
    what, and when.
-#}

with

changes as (

    select
        customer_id,
        tag,
        tag_value,
        previous_value,
        change as entry_kind,
        rule_version,
        as_of_date
    from {{ ref('customer_tag_changes') }}

),

steps as (

    {{ clm.tag_log_steps('changes') }}

),

-- begun and ended take turns, so the next step of a beginning is its end
bounded as (

    select
        steps.*,
        lead(changed_on) over (partition by customer_id, tag, tag_value order by changed_on asc) as valid_to
    from steps

),

final as (

    select
        bounded.customer_id,
        bounded.tag,
        bounded.tag_value,
        bounded.changed_on as valid_from,
        bounded.valid_to,
        bounded.rule_version
    from bounded
    where bounded.step = 1

)

select * from final
