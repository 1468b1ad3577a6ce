{#- Grain: one row per raw row of order_items, unread. Why it exists: one place that knows where rows come from. -#}

{{ clm.select_input('order_items') }}
