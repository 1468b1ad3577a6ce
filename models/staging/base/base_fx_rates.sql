{#- Grain: one row per raw row of fx_rates, unread. Why it exists: one place that knows where rows come from. -#}

{{ clm.select_input('fx_rates') }}
