{#-
    Grain: one row per number of days that clm_churn_days could be: every 30 up to 720, and what it is. Why it exists: what
    churned would be wrong about: how many of those silent for so long come back later, as far as the data reach. The
    least number with at most clm_churn_later_return_rate of them is suggested, if people were watched twice as long.
-#}

with

as_of as (

    select * from {{ ref('int_as_of') }}

),

gaps as (

    select * from {{ ref('int_return_gaps') }}

),

numbers as (
    {{ dbt.generate_series(24) }}
),

options as (

    select cast(30 * generated_number as integer) as churn_days
    from numbers

    union

    select cast({{ var('clm_churn_days') }} as integer) as churn_days

),

weeks as (

    select
        gaps.week_number,
        sum(gaps.purchase_count) as purchase_count,
        sum(case when gaps.is_return then gaps.purchase_count else 0 end) as return_count
    from gaps
    inner join as_of on gaps.origin_on = as_of.as_of_date
    group by gaps.week_number

),

at_risk as (

    select
        weeks.*,
        sum(purchase_count) over (
            order by week_number desc
            rows between unbounded preceding and current row
        ) as at_risk_count
    from weeks

),

-- nobody left is as good as nothing
staying as (

    select
        week_number,
        purchase_count,
        ln(greatest(1 - cast(return_count as {{ clm.type_double() }}) / at_risk_count, 0.000000000001)) as log_rate
    from at_risk

),

judged as (

    select
        options.churn_days,
        sum(
            case when staying.week_number >= floor(options.churn_days / 7.0) then staying.purchase_count else 0 end
        ) as at_risk_count,
        sum(case when staying.week_number < floor(options.churn_days / 7.0) then staying.log_rate else 0 end)
            as log_away_rate,
        sum(case when staying.week_number >= floor(options.churn_days / 7.0) then staying.log_rate else 0 end)
            as log_later_rate,
        7 * (max(staying.week_number) + 1) as watched_days
    from options
    cross join staying
    group by options.churn_days

),

rated as (

    select
        churn_days,
        cast(at_risk_count as integer) as at_risk_count,
        case when at_risk_count > 0 then {{ clm.rounded('exp(log_away_rate)') }} end as away_rate,
        case when at_risk_count > 0 then {{ clm.rounded('1 - exp(log_later_rate)') }} end as later_return_rate,
        2 * churn_days <= watched_days as is_watched
    from judged

),

suggested as (

    select min(churn_days) as churn_days
    from rated
    where is_watched and later_return_rate <= {{ var('clm_churn_later_return_rate') }}

),

final as (

    select
        as_of.as_of_date,
        rated.churn_days,
        rated.at_risk_count,
        cast(rated.away_rate as numeric(28, 6)) as away_rate,
        cast(rated.later_return_rate as numeric(28, 6)) as later_return_rate,
        rated.churn_days = {{ var('clm_churn_days') }} as is_current,
        coalesce(rated.churn_days = suggested.churn_days, false) as is_suggested,
        {%- set days = clm.as_text('rated.churn_days') %}
        {%- set percent = clm.as_text('cast(round(100 * rated.later_return_rate, 0) as integer)') %}
        'with ' || {{ days }} || ' days, ' || {{ percent }} || ' % of the churned come back' as statement_en,
        '以 ' || {{ days }} || ' 天为流失标准，' || {{ percent }} || '% 的流失客户会回来' as statement_zh
    from rated
    cross join as_of
    cross join suggested

)

select * from final
