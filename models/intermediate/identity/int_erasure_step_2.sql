{#-
    Grain: one row per identifier that step 2 of the walk from a request to be forgotten follows or reaches.
    Why it exists: int_erased_identifiers says where the walk leads to.
-#}

{{ clm.erasure_step(ref('int_erasure_step_1')) }}
