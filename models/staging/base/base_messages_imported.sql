{#-
    Grain: one row per row of the raw table messages, unread. Why it exists: one place that knows where rows
    come from.
-#}

{{ clm.select_input('messages') }}
