{#-
    Fails for every key that activation_blocks blocks while the raw tables are as they were built: then the marts
    would give out what their own rules forbid. Facts after the as-of date block rightly, so it asks only with the
    as-of date `auto`.
-#}

select
    message_key,
    relation_name,
    block_reason
from {{ ref('activation_blocks') }}
where '{{ clm.as_of_setting() }}' = 'auto'
