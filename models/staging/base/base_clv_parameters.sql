{#-
    Grain: one row per fit that scripts/fit_value.py wrote, unread. Why it exists: one place that knows where fits
    come from. The embedded demo has its own beside those that were made of it.
-#}

{{ clm.select_input('clv_parameters') }}
{%- if clm.input_mode() == 'demo' %}

union all

select
    {%- for column in clm.input_columns('clv_parameters') %}
    {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('demo_clv_parameters') }}
{%- endif %}
