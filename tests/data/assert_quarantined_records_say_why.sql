{#-
    Fails for every quarantined row without a rule, without its record, or with a blank rule name
    among several.
-#}

select
    source_table,
    record_key,
    rule,
    record
from {{ ref('quarantined_records') }}
where
    rule is null
    or record is null
    or substring(record, 1, 1) <> '{'
    or substring(record, length(record), 1) <> '}'
    or ',' || rule || ',' like '%,,%'
    or rule like '% %'
