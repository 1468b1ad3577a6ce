{#- The models whose columns are tags: the shipped ones and the user's (clm_extra_tag_models). -#}
{% macro tag_models() %}
    {{ return([
        'tags_demographic', 'tags_source', 'tags_phase', 'tags_intent', 'tags_behaviour', 'tags_value',
        'tags_risk', 'tags_relation', 'tags_reachability',
    ] + var('clm_extra_tag_models')) }}
{% endmacro %}


{#-
    The tags as their YAML documents them: a list of {tag, model, kind, ...meta}, in byte order of
    their entries. Read from the graph, so empty at parse time and in unit tests.
-#}
{% macro documented_tags() %}
    {% set tags = [] %}
    {% if execute and graph is mapping and 'nodes' in graph %}
        {% for node in graph.nodes.values() if node.resource_type == 'model' and node.name in clm.tag_models() %}
            {% for column in node.columns.values() if column.name != 'customer_id' %}
                {% set meta = column.get('config', {}).get('meta', {}) or column.get('meta', {}) %}
                {% do tags.append({
                    'tag': column.name, 'model': node.name, 'description': column.description | trim, 'meta': meta,
                    'place': column.name ~ (':' if meta.kind == 'text' else '')
                }) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {{ return(tags | sort(attribute='place', case_sensitive=true)) }}
{% endmacro %}


{#- Stops the run when a tag's YAML lacks what makes it a governed tag, or two models own one tag. -#}
{% macro check_tag_documentation() %}
    {% set owners = {} %}
    {% for tag in clm.documented_tags() %}
        {% set where = "The tag '" ~ tag.tag ~ "' (" ~ tag.model ~ ".yml)" %}
        {% if tag.tag in owners %}
            {% do exceptions.raise_compiler_error(
                where ~ " is also a column of " ~ owners[tag.tag] ~ "; rename one of them, tags are unique."
            ) %}
        {% endif %}
        {% do owners.update({tag.tag: tag.model}) %}
        {% if not tag.description %}
            {% do exceptions.raise_compiler_error(where ~ " has no description; say who has the tag in one sentence.") %}
        {% endif %}
        {% for name in ['label_en', 'label_zh', 'group', 'owner', 'kind', 'version', 'evidence'] %}
            {% if not tag.meta.get(name) %}
                {% do exceptions.raise_compiler_error(where ~ " has no config.meta." ~ name ~ "; see docs/tags.md.") %}
            {% endif %}
        {% endfor %}
        {% if tag.meta.kind not in ['boolean', 'text'] %}
            {% do exceptions.raise_compiler_error(where ~ " has the kind '" ~ tag.meta.kind ~ "'; use boolean or text.") %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- `tag` or `tag:value` of a person as SQL over the tagged row, NULL where the tag does not hold. -#}
{% macro tag_entry(tag) %}
    {% if tag.meta.kind == 'boolean' %}
        {{ return("case when tag_" ~ tag.tag ~ " then '" ~ tag.tag ~ "' end") }}
    {% endif %}
    {{ return("'" ~ tag.tag ~ ":' || replace(tag_" ~ tag.tag ~ ", ',', ' ')") }}
{% endmacro %}


{#- The evidence of a tag: its evidence columns as JSON text, values as text. -#}
{% macro tag_evidence(tag) %}
    {% set values = {} %}
    {% for name in tag.meta.evidence %}
        {% do values.update({name: clm.evidence_text(name)}) %}
    {% endfor %}
    {{ return(clm.json_object(values)) }}
{% endmacro %}

{% macro evidence_text(name) %}{{ return(clm.as_text(name)) }}{% endmacro %}
