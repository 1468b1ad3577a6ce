{#- Grain: one row per raw row of assignments, unread. Why it exists: one place that knows where rows come from. -#}

{{ clm.select_input('assignments') }}
