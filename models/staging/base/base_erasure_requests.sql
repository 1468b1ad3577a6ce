{#-
    Grain: one row per raw row of erasure_requests, unread. Why it exists: one place that knows where rows
    come from.
-#}

{{ clm.select_input('erasure_requests') }}
