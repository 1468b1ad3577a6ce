{#- What leaves the warehouse: the hash of a payload, and the identifiers that ad vendors match (docs/activation.md). -#}

{#-
    The hash that tells whether what goes out has changed: sha256 over the columns as JSON text, in the order given, NULLs
    left out. Names in `plain` are numbers or booleans.
-#}
{% macro payload_hash(columns, plain=[]) %}
    {%- set values = {} -%}
    {%- for name in columns -%}
        {%- do values.update({name: name if name in plain else clm.as_text(name)}) -%}
    {%- endfor -%}
    {{ return(clm.sha256(clm.json_object(values, plain))) }}
{% endmacro %}
