{#-
    The contract of the raw tables: every table, its columns in order, their types and what is required.
    Everything about the shape of inputs reads this: the views made at the start of a run, the typed
    columns of the checked models, the demo seeds and the docs.

    type      text | code (lower case text) | currency (upper case text) | amount | price | quantity |
              rate | score | timestamp | date
    required  the table must have the column, and a row without a value is quarantined
    key       what identifies a row; `required` tables stop the run when absent
    event_time  the column that must not lie in the future
    is_ledger  written by the project's own scripts, beside the marts
-#}
{% macro input_contract() %}
    {% set contract = {
        'orders': {
            'required': true, 'key': ['order_id'], 'event_time': 'ordered_at', 'version': 'updated_at',
            'columns': {
                'order_id': 'text!', 'customer_id': 'text', 'email': 'text', 'phone': 'text',
                'ordered_at': 'timestamp!', 'status': 'code', 'amount': 'amount!',
                'discount_amount': 'amount', 'tax_amount': 'amount', 'shipping_amount': 'amount',
                'currency': 'currency', 'channel': 'code', 'updated_at': 'timestamp'}},
        'order_items': {
            'key': ['order_id', 'line_number'],
            'columns': {
                'order_id': 'text!', 'line_number': 'text!', 'product_id': 'text',
                'quantity': 'quantity', 'unit_price': 'price', 'discount_amount': 'amount'}},
        'refunds': {
            'key': ['refund_id'], 'event_time': 'refunded_at',
            'columns': {
                'refund_id': 'text!', 'order_id': 'text!', 'refunded_at': 'timestamp!',
                'amount': 'amount!', 'reason': 'text'}},
        'products': {
            'key': ['product_id'],
            'columns': {
                'product_id': 'text!', 'product_name': 'text', 'category': 'text', 'brand': 'text',
                'price': 'price', 'unit_cost': 'price', 'launched_on': 'date'}},
        'customers': {
            'key': ['customer_id'], 'event_time': 'registered_at', 'version': 'updated_at',
            'columns': {
                'customer_id': 'text!', 'email': 'text', 'phone': 'text', 'full_name': 'text',
                'gender': 'code', 'birth_date': 'date', 'country': 'text', 'city': 'text',
                'timezone': 'text', 'language': 'code', 'acquisition_source': 'code',
                'industry': 'text', 'owner_id': 'text', 'member_tier': 'code',
                'registered_at': 'timestamp', 'updated_at': 'timestamp'}},
        'events': {
            'key': ['event_id'], 'event_time': 'occurred_at',
            'columns': {
                'event_id': 'text!', 'anonymous_id': 'text', 'customer_id': 'text',
                'event_type': 'code!', 'occurred_at': 'timestamp!', 'received_at': 'timestamp',
                'channel': 'code', 'product_id': 'text', 'session_id': 'text', 'utm_source': 'text',
                'utm_medium': 'text', 'utm_campaign': 'text', 'properties': 'text'}},
        'consents': {
            'key': ['customer_id', 'channel', 'purpose', 'changed_at', 'status?'],
            'event_time': 'changed_at',
            'columns': {
                'customer_id': 'text!', 'channel': 'code!', 'purpose': 'code!', 'status': 'code!',
                'changed_at': 'timestamp!', 'source': 'text', 'wording_version': 'text'}},
        'messages': {
            'key': ['message_id', 'event_type', 'occurred_at'], 'event_time': 'occurred_at',
            'columns': {
                'message_id': 'text!', 'customer_id': 'text', 'campaign_id': 'text',
                'channel': 'code!', 'event_type': 'code!', 'occurred_at': 'timestamp!'}},
        'suppressions': {
            'key': ['channel?', 'identifier_hash', 'since'],
            'columns': {
                'channel': 'code', 'identifier_hash': 'code!', 'reason': 'text',
                'since': 'timestamp!'}},
        'feedback': {
            'key': ['feedback_id'], 'event_time': 'submitted_at',
            'columns': {
                'feedback_id': 'text!', 'customer_id': 'text!', 'kind': 'code', 'score': 'score!',
                'submitted_at': 'timestamp!'}},
        'referrals': {
            'key': ['referrer_customer_id', 'referred_customer_id', 'referred_at'],
            'event_time': 'referred_at',
            'columns': {
                'referrer_customer_id': 'text!', 'referred_customer_id': 'text!',
                'referred_at': 'timestamp!'}},
        'marketing_spend': {
            'key': ['spend_on?', 'channel?', 'campaign_id?', 'amount?', 'currency?'],
            'columns': {
                'spend_on': 'date!', 'channel': 'code!', 'campaign_id': 'text', 'amount': 'amount!',
                'currency': 'currency'}},
        'experiments': {
            'key': ['experiment_id', 'unit_id', 'metric?'],
            'columns': {
                'experiment_id': 'text!', 'unit_id': 'text!', 'arm': 'text!', 'metric': 'code',
                'outcome': 'score', 'revenue': 'amount', 'revenue_before': 'amount', 'arm_share': 'rate'}},
        'assignments': {
            'key': ['campaign_id', 'customer_id', 'assigned_at'], 'event_time': 'assigned_at',
            'columns': {
                'campaign_id': 'text!', 'customer_id': 'text!', 'arm': 'code!',
                'assigned_at': 'timestamp!', 'variant': 'text', 'arm_share': 'rate'}},
        'fx_rates': {
            'key': ['currency', 'rate_date'],
            'columns': {'currency': 'currency!', 'rate_date': 'date!', 'rate': 'rate!'}},
        'erasure_requests': {
            'key': ['customer_id', 'requested_at?'],
            'columns': {'customer_id': 'text!', 'requested_at': 'timestamp!'}},
        'activation_event': {
            'is_ledger': true,
            'columns': {
                'event_id': 'text', 'message_key': 'text', 'channel': 'text', 'campaign_id': 'text',
                'person_key': 'text', 'op': 'text', 'state': 'text', 'run_id': 'text',
                'batch_id': 'text', 'attempt': 'text', 'payload_hash': 'text',
                'mapping_version': 'text', 'vendor_id': 'text', 'http_status': 'text',
                'error_class': 'text', 'error_message': 'text', 'event_at': 'timestamp'}},
        'activation_response': {
            'is_ledger': true,
            'columns': {
                'response_id': 'text', 'message_id': 'text', 'customer_id': 'text', 'campaign_id': 'text',
                'channel': 'text', 'event_type': 'text', 'occurred_at': 'timestamp',
                'identifier_hash': 'text', 'recorded_at': 'timestamp'}},
        'clv_parameters': {
            'is_ledger': true,
            'columns': {
                'fit_id': 'text', 'as_of_date': 'text', 'fitted_at': 'text', 'purchase_unit': 'text',
                'time_unit': 'text', 'cohort': 'text', 'customer_count': 'text', 'repeat_customer_count': 'text',
                'resolution_days': 'text', 'r': 'text', 'alpha': 'text', 'a': 'text', 'b': 'text',
                'log_likelihood': 'text', 'p': 'text', 'q': 'text', 'gamma': 'text',
                'money_log_likelihood': 'text', 'bounded_parameters': 'text',
                'bounded_money_parameters': 'text'}},
        'activation_run': {
            'is_ledger': true,
            'columns': {
                'run_id': 'text', 'channel': 'text', 'mode': 'text', 'git_sha': 'text',
                'dbt_invocation_id': 'text', 'started_at': 'timestamp', 'finished_at': 'timestamp',
                'status': 'text',
                'num_planned_add': 'text', 'num_planned_change': 'text', 'num_planned_remove': 'text',
                'num_attempted_add': 'text', 'num_attempted_change': 'text',
                'num_attempted_remove': 'text', 'num_succeeded_add': 'text',
                'num_succeeded_change': 'text', 'num_succeeded_remove': 'text',
                'num_failed_add': 'text', 'num_failed_change': 'text', 'num_failed_remove': 'text',
                'num_unknown': 'text', 'num_dead': 'text'}},
    } %}
    {{ return(contract) }}
{% endmacro %}


{#- The columns of a raw table as a list of {name, type, is_required}. -#}
{% macro input_columns(table) %}
    {% set columns = [] %}
    {% for name, type in clm.input_contract()[table]['columns'].items() %}
        {% do columns.append({
            'name': name, 'type': type | replace('!', ''), 'is_required': type.endswith('!')
        }) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{#- Where raw rows come from: demo | files | warehouse. -#}
{% macro input_mode() %}
    {% if env_var('CLM_RAW_DIR', '') != '' %}
        {{ return('files') }}
    {% elif env_var('CLM_RAW_SCHEMA', '') != '' or env_var('CLM_RAW_DATABASE', '') != '' %}
        {{ return('warehouse') }}
    {% endif %}
    {{ return('demo') }}
{% endmacro %}


{#- The schema of the views that `prepare_inputs` makes, and of the ledger of the activation script. -#}
{% macro input_schema() %}
    {{ return(target.schema ~ '_input') }}
{% endmacro %}

{% macro ledger_schema() %}
    {{ return(target.schema ~ '_ledger') }}
{% endmacro %}


{#- The relation that a base model reads: the embedded demo seed, or the input view of fixed shape. -#}
{% macro input_relation(table) %}
    {% if clm.input_mode() == 'demo' and not clm.input_contract()[table].get('is_ledger') %}
        {{ return(ref('clm', 'demo_' ~ table)) }}
    {% endif %}
    {{ return(clm.own_relation(clm.input_schema(), table)) }}
{% endmacro %}


{#- The select of a base model: every column of the contract, by name. -#}
{% macro select_input(table) %}
    select
        {%- for column in clm.input_columns(table) %}
        {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ clm.input_relation(table) }}
{%- endmacro %}


{#- The raw tables that are cleaned, in contract order: all but the project's own ledgers. -#}
{% macro cleaned_tables() %}
    {% set tables = [] %}
    {% for table, spec in clm.input_contract().items() if not spec.get('is_ledger') %}
        {% do tables.append(table) %}
    {% endfor %}
    {{ return(tables) }}
{% endmacro %}

{#- The staging model of a raw table. -#}
{% macro staging_model(table) %}
    {{ return({'feedback': 'stg_feedbacks', 'marketing_spend': 'stg_marketing_spends'}.get(table, 'stg_' ~ table)) }}
{% endmacro %}
