{#- What lifecycle stages are decided by, over counts and conditions of any day (docs/history.md). -#}

{#-
    The counts and conditions of a day stand side by side in the bits of one number, so that millions of
    steps are summed in one sum: {name: [number, lowest bit, bits]}. Days of purchase are few enough for that;
    orders, or windows of half a lifetime, take two numbers. The last of a number may be negative; the
    others never are in the running sum of a whole day.
-#}
{% macro lifecycle_measures() %}
    {% if clm.lifecycle_numbers() | length == 1 %}
        {{ return({
            'purchase_count': ['counts', 0, 17],
            'loyal_purchase_count': ['counts', 17, 16],
            'lead': ['counts', 33, 8],
            'onboarding': ['counts', 41, 1],
            'tenured': ['counts', 42, 1],
            'slipping': ['counts', 43, 1],
            'churned': ['counts', 44, 1],
            'reactivated': ['counts', 45, 1],
            'advocating': ['counts', 46, 1],
            'growth_count': ['counts', 47, 16],
        }) }}
    {% endif %}
    {{ return({
        'purchase_count': ['counts', 0, 21],
        'loyal_purchase_count': ['counts', 21, 21],
        'growth_count': ['counts', 42, 21],
        'lead': ['conditions', 0, 8],
        'onboarding': ['conditions', 8, 8],
        'tenured': ['conditions', 16, 8],
        'slipping': ['conditions', 24, 8],
        'churned': ['conditions', 32, 8],
        'reactivated': ['conditions', 40, 8],
        'advocating': ['conditions', 48, 15],
    }) }}
{% endmacro %}

{#- The numbers that hold the measures: the steps of a model have a column for each. -#}
{% macro lifecycle_numbers() %}
    {% set few = var('clm_purchase_unit') == 'day'
        and var('clm_loyal_window_days') | int <= 30000
        and var('clm_growing_days') | int <= 15000 %}
    {{ return(['counts'] if few else ['counts', 'conditions']) }}
{% endmacro %}

{#- What one of a measure adds to its number. -#}
{% macro lifecycle_unit(name) %}{{ return(2 ** clm.lifecycle_measures()[name][1]) }}{% endmacro %}

{#- The measures of a day out of SQL for each of its numbers, where `before` without the step of the row. -#}
{% macro lifecycle_day(before=false) %}
    {% set day = {} %}
    {% for name, place in clm.lifecycle_measures().items() %}
        {% set word = '(' ~ place[0] ~ ' - ' ~ place[0] ~ '_step)' if before else place[0] %}
        {% do day.update({name: clm.bits(word, place[1], none if place[1] + place[2] == 63 else place[2])}) %}
    {% endfor %}
    {{ return(day) }}
{% endmacro %}


{#- Whether a step may change the state: a count passes what decides, or a condition begins or ends. -#}
{% macro lifecycle_may_differ() %}
    {% set day, before, masks, tests = clm.lifecycle_day(), clm.lifecycle_day(before=true), {}, [] %}
    {% do tests.append(day.purchase_count ~ ' <= 1 or ' ~ before.purchase_count ~ ' <= 1') %}
    {% set least = {'loyal_purchase_count': var('clm_loyal_purchases'), 'growth_count': 1} %}
    {% for name, count in least.items() %}
        {% do tests.append('(' ~ day[name] ~ ' >= ' ~ count ~ ') <> (' ~ before[name] ~ ' >= ' ~ count ~ ')') %}
    {% endfor %}
    {% for name, place in clm.lifecycle_measures().items() if not name.endswith('_count') %}
        {% do masks.update({place[0]: masks.get(place[0], 0) + (2 ** place[2] - 1) * 2 ** place[1]}) %}
    {% endfor %}
    {% for number, mask in masks.items() %}
        {% do tests.append(
            '(' ~ number ~ ' & ' ~ mask ~ ') <> ((' ~ number ~ ' - ' ~ number ~ '_step) & ' ~ mask ~ ')'
        ) %}
    {% endfor %}
    {{ return(tests | join(' or ')) }}
{% endmacro %}


{#- Causes of a change; where several fall on a day, the first of them is named. -#}
{% macro lifecycle_causes() %}
    {{ return([
        'first_fact', 'refund', 'purchase', 'engagement', 'address', 'consent', 'advocacy', 'tenure', 'silence',
        'window_expired',
    ]) }}
{% endmacro %}

{% macro lifecycle_cause_number(name) %}{{ return(clm.lifecycle_causes().index(name) + 1) }}{% endmacro %}

{% macro lifecycle_cause_rank(cause) %}
    {% set ranks = [] %}
    {% for name in clm.lifecycle_causes() %}
        {% do ranks.append("when '" ~ name ~ "' then " ~ loop.index) %}
    {% endfor %}
    {{ return('case ' ~ cause ~ ' ' ~ ranks | join(' ') ~ ' end') }}
{% endmacro %}

{% macro lifecycle_cause(rank) %}
    {% set names = [] %}
    {% for name in clm.lifecycle_causes() %}
        {% do names.append('when ' ~ loop.index ~ " then '" ~ name ~ "'") %}
    {% endfor %}
    {{ return('case ' ~ rank ~ ' ' ~ names | join(' ') ~ ' end') }}
{% endmacro %}


{#- Stages with their sub-states, as the seed lifecycle_taxonomies has them; a state is a place in it. -#}
{% macro lifecycle_states() %}
    {{ return([
        ['prospect', 'lead'], ['prospect', 'anonymous_visitor'],
        ['new', 'reactivated'], ['new', 'slipping'], ['new', 'onboarding'], ['new', 'awaiting_second_purchase'],
        ['active', 'reactivated'], ['active', 'slipping'], ['active', 'growing'], ['active', 'steady'],
        ['loyal', 'reactivated'], ['loyal', 'slipping'], ['loyal', 'advocate'], ['loyal', 'loyal'],
        ['churned', 'lapsed'],
    ]) }}
{% endmacro %}


{% macro lifecycle_state_number(stage, sub_state) %}
    {{ return(clm.lifecycle_states().index([stage, sub_state])) }}
{% endmacro %}


{#-
    The state of a day as its number. `day` gives the SQL of each count and condition on that day; a
    condition holds where its number is above 0.
-#}
{% macro lifecycle_state(day) %}
    {%- set number = clm.lifecycle_state_number -%}
        case
            when {{ day.purchase_count }} = 0 and {{ day.lead }} > 0 then {{ number('prospect', 'lead') }}
            when {{ day.purchase_count }} = 0 then {{ number('prospect', 'anonymous_visitor') }}
            when {{ day.churned }} > 0 then {{ number('churned', 'lapsed') }}
            when {{ day.loyal_purchase_count }} >= {{ var('clm_loyal_purchases') }} and {{ day.tenured }} > 0
                then case
                    when {{ day.reactivated }} > 0 then {{ number('loyal', 'reactivated') }}
                    when {{ day.slipping }} > 0 then {{ number('loyal', 'slipping') }}
                    when {{ day.advocating }} > 0 then {{ number('loyal', 'advocate') }}
                    else {{ number('loyal', 'loyal') }}
                end
            when {{ day.purchase_count }} = 1
                then case
                    when {{ day.reactivated }} > 0 then {{ number('new', 'reactivated') }}
                    when {{ day.slipping }} > 0 then {{ number('new', 'slipping') }}
                    when {{ day.onboarding }} > 0 then {{ number('new', 'onboarding') }}
                    else {{ number('new', 'awaiting_second_purchase') }}
                end
            when {{ day.reactivated }} > 0 then {{ number('active', 'reactivated') }}
            when {{ day.slipping }} > 0 then {{ number('active', 'slipping') }}
            when {{ day.growth_count }} > 0 then {{ number('active', 'growing') }}
            else {{ number('active', 'steady') }}
        end
{%- endmacro %}


{#- The stage (part 0) or sub-state (part 1) of a state's number. -#}
{% macro lifecycle_state_name(number, part) %}
    {%- set names = [] -%}
    {%- for state in clm.lifecycle_states() -%}
        {%- do names.append('when ' ~ loop.index0 ~ " then '" ~ state[part] ~ "'") -%}
    {%- endfor -%}
    {{ return('case ' ~ number ~ ' ' ~ names | join(' ') ~ ' end') }}
{%- endmacro %}


{#- The segment of a state: visitors are told by the state, buyers have the segment of the RFM scores. -#}
{% macro visitor_segment(stage, sub_state, segment) %}
    {{ return(
        'case when ' ~ stage ~ " = 'prospect' and " ~ sub_state ~ " = 'lead' then 'loyal_visitor' when " ~ stage
        ~ " = 'prospect' then 'engaged_visitor' else " ~ segment ~ ' end'
    ) }}
{% endmacro %}


{#- The steps of the funnel, in order. -#}
{% macro funnel_steps() %}
    {{ return(['known', 'lead', 'first_purchase', 'repeat_purchase', 'loyal', 'advocate']) }}
{% endmacro %}
