{#-
    Grain: one row per row of the raw table suppressions, unread. Why it exists: one place that knows where rows
    come from.
-#}

{{ clm.select_input('suppressions') }}
