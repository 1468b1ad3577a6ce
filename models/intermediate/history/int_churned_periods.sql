{#-
    Grain: one row per person and period of being churned within a spell of purchases, past or to come.
    Why it exists: churned takes both silences at once, and who ends one by engaging is reactivated.
-#}
{{ config(materialized=clm.shared_step()) }}

with

spells as (

    select * from {{ ref('int_purchase_spells') }}

),

silences as (

    select * from {{ ref('int_silences') }}

),

silent_spells as (

    select
        spells.customer_number,
        greatest(
            silences.silent_from,
            {{ clm.add_days('spells.last_purchase_on', var('clm_churn_days')) }},
            spells.from_on
        ) as churned_from,
        least(
            coalesce(silences.silent_to, spells.to_on),
            coalesce(spells.to_on, silences.silent_to)
        ) as churned_to,
        silences.silent_to
    from spells
    inner join silences
        on spells.customer_number = silences.customer_number
        and (spells.to_on is null or spells.to_on > silences.silent_from)
        and (silences.silent_to is null or spells.from_on < silences.silent_to)
    where
        spells.purchase_count > 0
        and (
            spells.to_on is null
            or {{ clm.days_between('spells.last_purchase_on', 'spells.to_on') }} > {{ var('clm_churn_days') }}
        )

),

final as (

    select
        customer_number,
        churned_from,
        churned_to,
        coalesce(churned_to = silent_to, false) as is_ended_by_engagement
    from silent_spells
    where churned_to is null or churned_from < churned_to

)

select * from final
