{#-
    Grain: one row per dimension (all, lifecycle_stage, segment, month), its value and kind of feedback (nps,
    csat, review, referral) with an answer up to the as-of date. Why it exists: how content people are, and
    whether that differs by where they stand today or changes from month to month.
-#}

with

answers as (

    select * from {{ ref('int_answers_resolved') }}

),

-- first by person, so that people are counted without count(distinct)
by_person as (
    {%- for name, column in {
        'all': "'all'", 'lifecycle_stage': 'lifecycle_stage', 'segment': 'segment', 'month': 'answered_month'
    }.items() %}

    select
        '{{ name }}' as dimension,
        {{ column }} as dimension_value,
        feedback_kind,
        customer_id,
        count(*) as answer_count,
        count(score) as score_count,
        sum(score) as score_sum,
        sum(is_positive) as positive_count,
        sum(is_negative) as negative_count
    from answers
    group by {{ column ~ ', ' if name != 'all' }}feedback_kind, customer_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        dimension,
        dimension_value,
        feedback_kind,
        cast(sum(answer_count) as integer) as answer_count,
        cast(count(*) as integer) as customer_count,
        {{ clm.ratio('sum(score_sum)', 'sum(score_count)') }} as average_score,
        cast(sum(positive_count) as integer) as positive_count,
        cast(sum(negative_count) as integer) as negative_count,
        {{ clm.ratio('sum(positive_count)', 'sum(answer_count)') }} as positive_rate,
        {{ clm.ratio('sum(negative_count)', 'sum(answer_count)') }} as negative_rate,
        cast(case
            when feedback_kind = 'nps'
                then {{ clm.ratio('sum(positive_count) - sum(negative_count)', 'sum(answer_count)') }}
        end as numeric(28, 6)) as net_promoter_rate
    from by_person
    group by dimension, dimension_value, feedback_kind

)

select * from final
