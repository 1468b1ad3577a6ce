{#-
    Grain: one row per raw row of activation_response, unread. Why it exists: one place that knows where
    rows come from.
-#}

{{ clm.select_input('activation_response') }}
