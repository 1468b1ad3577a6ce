{#-
    Runs at the start of every dbt command that touches the warehouse: checks the configuration, looks
    at what raw tables there are, and makes one view of fixed shape per raw table (missing columns as
    NULLs, missing optional tables as empty). Models then need no query at compile time. Views are
    created or replaced, never dropped. Stops with one sentence when something required is missing.
-#}
{% macro prepare_inputs() %}
    {% if execute and flags.WHICH in ['build', 'run', 'seed', 'test', 'snapshot', 'retry'] %}
        {% do clm.check_configuration() %}
        {% do clm.check_tag_documentation() %}
        {% do adapter.create_schema(clm.own_relation(clm.input_schema())) %}
        {% for table, spec in clm.input_contract().items() %}
            {% if spec.get('is_ledger') or clm.input_mode() != 'demo' %}
                {% do run_query(clm.input_view_sql(table, clm.describe_input(table))) %}
            {% endif %}
        {% endfor %}
        {% do clm.commit_prepared() %}
    {% endif %}
{% endmacro %}


{#- What is there of a raw table: none, or {from: sql of the source, columns: {lower name: {name, type}}}. -#}
{% macro describe_input(table) %}
    {% set spec = clm.input_contract()[table] %}
    {% if spec.get('is_ledger') %}
        {% set found = clm.describe_relation(clm.own_relation(clm.ledger_schema(), table)) %}
    {% elif clm.input_mode() == 'files' %}
        {% set found = clm.describe_file(env_var('CLM_RAW_DIR'), table) %}
    {% else %}
        {% set found = clm.describe_relation(clm.raw_relation(table)) %}
    {% endif %}
    {% if found is none and spec.get('required') %}
        {% do exceptions.raise_compiler_error(clm.missing_table_message(table)) %}
    {% endif %}
    {% if found is not none %}
        {% set missing = [] %}
        {% for column in clm.input_columns(table) if column.is_required and column.name not in found.columns %}
            {% do missing.append(column.name) %}
        {% endfor %}
        {% if missing %}
            {% do exceptions.raise_compiler_error(
                "The raw table '" ~ table ~ "' (" ~ found.label ~ ") has no column "
                ~ missing | join(', ') ~ "; it has: " ~ (found.columns.keys() | join(', '))
                ~ ". Add the column, or give a view that has it (docs/inputs.md)."
            ) %}
        {% endif %}
    {% endif %}
    {{ return(found) }}
{% endmacro %}


{% macro missing_table_message(table) %}
    {% if clm.input_mode() == 'files' %}
        {{ return(
            "The folder CLM_RAW_DIR='" ~ env_var('CLM_RAW_DIR') ~ "' has no " ~ table ~ ".parquet and no "
            ~ table ~ ".csv, and '" ~ table ~ "' is required: put the file there (columns: docs/inputs.md)."
        ) }}
    {% endif %}
    {{ return(
        "The raw table '" ~ clm.raw_relation(table).render() ~ "' does not exist, and '" ~ table
        ~ "' is required: create it, or point CLM_RAW_SCHEMA to the schema that has it (docs/inputs.md)."
    ) }}
{% endmacro %}


{#- A raw table in the user's schema of the warehouse. -#}
{% macro raw_relation(table) %}
    {{ return(api.Relation.create(
        database=(env_var('CLM_RAW_DATABASE', '') or target.database) if clm.has_databases() else none,
        schema=env_var('CLM_RAW_SCHEMA', '') or 'raw',
        identifier=table
    )) }}
{% endmacro %}


{#- A relation in one of the project's own schemas. -#}
{% macro own_relation(schema, identifier=none) %}
    {{ return(api.Relation.create(
        database=target.database if clm.has_databases() else none,
        schema=schema,
        identifier=identifier
    )) }}
{% endmacro %}


{#- The columns of an existing relation, or none. -#}
{% macro describe_relation(relation) %}
    {% set existing = load_relation(relation) %}
    {% if existing is none %}
        {{ return(none) }}
    {% endif %}
    {% set columns = {} %}
    {% for column in adapter.get_columns_in_relation(existing) %}
        {% do columns.update({column.name | lower: {'name': column.name, 'type': column.dtype | lower}}) %}
    {% endfor %}
    {{ return({'from': existing.render(), 'label': existing.render(), 'columns': columns}) }}
{% endmacro %}


{#- The view of fixed shape over what was found (or over nothing). -#}
{% macro input_view_sql(table, found) %}
    {% set view = clm.own_relation(clm.input_schema(), table) %}
    create or replace view {{ view.render() }} as
    select
    {%- for column in clm.input_columns(table) %}
        {% if found is not none and column.name in found.columns -%}
            {{ clm.raw_value(found.columns[column.name], column.type) }}
        {%- else -%}
            cast(null as {{ clm.type_text() }})
        {%- endif %} as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
    {%- if found is not none %}
    from {{ found['from'] }}
    {%- else %}
    from (select 1 as nothing) as no_rows
    where 1 = 0
    {%- endif %}
{% endmacro %}


{#- One sentence for each wrong setting, before anything is built. -#}
{% macro check_configuration() %}
    {% set choices = {
        'clm_purchase_unit': ['day', 'order'],
        'clm_rfm_scoring': ['rank', 'fixed'],
        'clm_rfm_frequency_scoring': ['repeat_quartile', 'rank_quintile', 'fixed'],
        'clm_zero_amount_is_purchase': [true, false],
        'clm_tag_log_rewind': [true, false],
        'clm_timeline_materialized': ['view', 'table'],
    } %}
    {% for name, allowed in choices.items() %}
        {% if var(name) not in allowed %}
            {% do exceptions.raise_compiler_error(
                "The var " ~ name ~ " is '" ~ var(name) ~ "'; it must be one of: " ~ allowed | join(', ') ~ "."
            ) %}
        {% endif %}
    {% endfor %}
    {% if env_var('CLM_RAW_DIR', '') != '' and not clm.reads_files() %}
        {% do exceptions.raise_compiler_error(
            "CLM_RAW_DIR does not work on " ~ target.name
            ~ "; load the files into a schema and set CLM_RAW_SCHEMA to its name."
        ) %}
    {% endif %}
    {% if env_var('CLM_RAW_DIR', '') != '' and env_var('CLM_RAW_SCHEMA', '') != '' %}
        {% do exceptions.raise_compiler_error(
            "CLM_RAW_DIR and CLM_RAW_SCHEMA are both set; unset one, so that it is clear where the raw tables are."
        ) %}
    {% endif %}
    {% do clm.check_date_setting('clm_as_of_date (or CLM_AS_OF_DATE)', clm.as_of_setting()) %}
    {% set from, to = var('clm_migration_from') | string, var('clm_migration_to') | string %}
    {% do clm.check_date_setting('clm_migration_from', from) %}
    {% do clm.check_date_setting('clm_migration_to', to) %}
    {% if from != 'auto' and to != 'auto' and from > to %}
        {% do exceptions.raise_compiler_error(
            "The var clm_migration_from (" ~ from ~ ") is later than clm_migration_to (" ~ to ~ "); swap them."
        ) %}
    {% endif %}
    {% if var('clm_clock') | string != 'auto' and not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$', var('clm_clock') | string) %}
        {% do exceptions.raise_compiler_error(
            "The var clm_clock is '" ~ var('clm_clock') ~ "', which is no UTC timestamp; write YYYY-MM-DD HH:MM:SS, or auto."
        ) %}
    {% endif %}
    {% if var('clm_timezone') not in modules.pytz.all_timezones_set %}
        {% do exceptions.raise_compiler_error(
            "The var clm_timezone is '" ~ var('clm_timezone') ~ "', which is no IANA time zone; use a name like Europe/Paris."
        ) %}
    {% endif %}
    {% for allowed in clm.setting_ranges() %}
        {% for name in allowed.names %}
            {% do clm.check_number_setting(name, var(name), allowed) %}
        {% endfor %}
    {% endfor %}
    {% if var('clm_margin_rate') | string != 'auto' %}
        {% do clm.check_number_setting('clm_margin_rate', var('clm_margin_rate'), {'words': 'auto or a share from 0 to 1', 'least': 0, 'most': 1}) %}
    {% endif %}
    {% set currency = var('clm_reporting_currency') | string %}
    {% if currency != 'auto' and not modules.re.match('^[A-Za-z]{3}$', currency) %}
        {% do exceptions.raise_compiler_error(
            "The var clm_reporting_currency is '" ~ currency ~ "'; use auto or the three letters of a currency, like EUR."
        ) %}
    {% endif %}
    {% set window = var('clm_rfm_window_days') | string %}
    {% if window != 'lifetime' and (not window.isdigit() or window | int < 1) %}
        {% do exceptions.raise_compiler_error(
            "The var clm_rfm_window_days is '" ~ var('clm_rfm_window_days') ~ "'; use lifetime or a number of days."
        ) %}
    {% endif %}
{% endmacro %}


{#- What the settings that are numbers may be: [{words, least, most, is_whole, names}]. A test holds that none is missing. -#}
{% macro setting_ranges() %}
    {{ return([
        {'words': 'a whole number from 0', 'least': 0, 'is_whole': true, 'names': [
            'clm_clock_tolerance_minutes', 'clm_churn_days', 'clm_churn_engagement_days', 'clm_loyal_purchases',
            'clm_loyal_window_days', 'clm_loyal_tenure_days', 'clm_reactivated_days', 'clm_slipping_days',
            'clm_onboarding_days', 'clm_growing_days', 'clm_advocacy_days', 'clm_tag_new_registration_days',
            'clm_tag_recent_days', 'clm_tag_cart_days', 'clm_tag_frequent_purchases', 'clm_tag_long_term_days',
            'clm_tag_min_orders', 'clm_identity_max_ids', 'clm_tag_second_purchase_days', 'clm_tag_falling_least_days',
            'clm_tag_interest_days', 'clm_tag_interest_events', 'clm_tag_overlap_least_count', 'clm_tag_retire_days',
            'clm_value_fit_max_age_days', 'clm_value_least_repeat_customers', 'clm_experiment_least_conversions',
            'clm_popularity_days', 'clm_pair_days', 'clm_pair_least_orders', 'clm_pair_most_products',
            'clm_replenishment_least_gaps', 'clm_new_arrival_days', 'clm_content_window_days', 'clm_owner_days',
            'clm_attribution_window_days', 'clm_fatigue_days', 'clm_global_control_window_days',
        ]},
        {'words': 'a whole number from 1', 'least': 1, 'is_whole': true, 'names': [
            'clm_history_months', 'clm_churn_horizon_days', 'clm_value_horizon_days', 'clm_recommendation_horizon_days',
            'clm_recommendation_count', 'clm_recommendation_seeds', 'clm_pairs_per_product', 'clm_tag_intent_days',
            'clm_tag_falling_days', 'clm_tag_falling_baseline_days',
        ]},
        {'words': 'a whole number from 1 to 5', 'least': 1, 'most': 5, 'is_whole': true, 'names': [
            'clm_tag_high_value_score', 'clm_tag_low_value_score',
        ]},
        {'words': 'an hour from 0 to 24', 'least': 0, 'most': 24, 'is_whole': true, 'names': [
            'clm_tag_night_from_hour', 'clm_tag_night_until_hour',
        ]},
        {'words': 'an hour from 0 to 23', 'least': 0, 'most': 23, 'is_whole': true, 'names': ['clm_send_hour']},
        {'words': 'a share from 0 to 1', 'least': 0, 'most': 1, 'names': [
            'clm_global_control_share', 'clm_tag_discount_share', 'clm_tag_night_share', 'clm_tag_refund_share',
            'clm_tag_high_margin_rate', 'clm_tag_falling_share', 'clm_tag_overlap_rate', 'clm_tag_overlap_least_rate',
            'clm_tag_everybody_rate', 'clm_churn_risk_probability', 'clm_churn_later_return_rate',
        ]},
        {'words': 'a number from 0', 'least': 0, 'names': [
            'clm_tag_intent_high', 'clm_tag_intent_medium', 'clm_tag_intent_view_points', 'clm_tag_intent_cart_points',
            'clm_tag_intent_checkout_points', 'clm_tag_big_basket_ratio', 'clm_tag_drift_rate',
            'clm_value_discount_rate', 'clm_value_bias_rate', 'clm_churn_risk_high_ratio',
            'clm_churn_risk_medium_ratio', 'clm_replenishment_lost_ratio',
        ]},
    ]) }}
{% endmacro %}


{% macro check_number_setting(name, value, allowed) %}
    {% set is_wrong = value is not number or value is boolean or value < allowed.least %}
    {% if not is_wrong %}
        {% set is_wrong = ('most' in allowed and value > allowed.most) or (allowed.get('is_whole') and value is not integer) %}
    {% endif %}
    {% if is_wrong %}
        {% do exceptions.raise_compiler_error("The var " ~ name ~ " is '" ~ value ~ "'; it must be " ~ allowed.words ~ ".") %}
    {% endif %}
{% endmacro %}


{% macro check_date_setting(name, value) %}
    {% if value == 'auto' %}
        {{ return(none) }}
    {% endif %}
    {% set is_valid = modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', value) is not none %}
    {% if is_valid %}
        {% set month = value[5:7] | int %}
        {% set year = value[:4] | int %}
        {% set leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0 %}
        {% set lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] %}
        {% set is_valid = year >= 1 and 1 <= month <= 12 and 1 <= value[8:] | int <= lengths[month - 1] %}
    {% endif %}
    {% if not is_valid %}
        {% do exceptions.raise_compiler_error(
            "The setting " ~ name ~ " is '" ~ value ~ "', which is no date; write YYYY-MM-DD, or auto."
        ) %}
    {% endif %}
{% endmacro %}
