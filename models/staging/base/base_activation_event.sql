{#-
    Grain: one row per raw row of activation_event, unread. Why it exists: one place that knows where rows
    come from.
-#}

{{ clm.select_input('activation_event') }}
