{#- Grain: one row per raw row of marketing_spend, unread. Why it exists: one place that knows where rows come from. -#}

{{ clm.select_input('marketing_spend') }}
