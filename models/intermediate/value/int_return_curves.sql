{#-
    Grain: one row per origin, number of the purchase (4: the fourth and later) and week since it in which somebody
    came back or was no longer watched. Why it exists: Kaplan and Meier's curve of who is still away,
    which counts the time of those who have not come back yet for what it is.
-#}

with

gaps as (

    select * from {{ ref('int_return_gaps') }}

),

weeks as (

    select
        origin_on,
        purchase_number,
        week_number,
        sum(purchase_count) as purchase_count,
        sum(case when is_return then purchase_count else 0 end) as return_count
    from gaps
    group by origin_on, purchase_number, week_number

),

at_risk as (

    select
        weeks.*,
        sum(purchase_count) over (
            partition by origin_on, purchase_number
            order by week_number desc
            rows between unbounded preceding and current row
        ) as at_risk_count,
        lead(week_number) over (partition by origin_on, purchase_number order by week_number asc) as next_week_number
    from weeks

),

-- to the end of the week; nobody left is as good as nothing
staying as (

    select
        at_risk.*,
        exp(sum(ln(greatest(1 - cast(return_count as {{ clm.type_double() }}) / at_risk_count, 0.000000000001))) over (
            partition by origin_on, purchase_number
            order by week_number asc
            rows between unbounded preceding and current row
        )) as away_rate
    from at_risk

),

final as (

    select
        origin_on,
        purchase_number,
        week_number,
        next_week_number,
        cast(at_risk_count as integer) as at_risk_count,
        cast(return_count as integer) as return_count,
        {{ clm.rounded('away_rate') }} as away_rate
    from staying

)

select * from final
