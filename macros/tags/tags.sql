{#- The models whose columns are tags: the shipped ones and the user's (clm_extra_tag_models). -#}
{% macro tag_models() %}
    {{ return([
        'tags_demographic', 'tags_source', 'tags_phase', 'tags_intent', 'tags_behaviour', 'tags_value',
        'tags_risk', 'tags_relation', 'tags_reachability', 'tags_purchased_category', 'tags_purchased_product',
        'tags_interest_category',
    ] + var('clm_extra_tag_models')) }}
{% endmacro %}


{#-
    The tags as their YAML documents them: a list of {tag, model, description, meta, place}, in byte order
    of their entries. A column is a tag of its name; the column `tag_value` of a long model is the
    multi-valued tag that its meta names. Read from the graph, so empty at parse time and in unit tests.
-#}
{% macro documented_tags() %}
    {% set tags = [] %}
    {% if execute and graph is mapping and 'nodes' in graph %}
        {% for node in graph.nodes.values() if node.resource_type == 'model' and node.name in clm.tag_models() %}
            {% set is_long = 'tag_value' in node.columns %}
            {% for column in node.columns.values() if column.name == 'tag_value' or not (is_long or column.name == 'customer_id') %}
                {% set meta = column.get('config', {}).get('meta', {}) or column.get('meta', {}) %}
                {% set name = (meta.get('tag') or node.name) if is_long else column.name %}
                {% do tags.append({
                    'tag': name, 'model': node.name, 'description': column.description | trim, 'meta': meta,
                    'is_long': is_long, 'place': name ~ (':' if meta.kind in ['text', 'multi'] else '')
                }) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {{ return(tags | sort(attribute='place', case_sensitive=true)) }}
{% endmacro %}


{#- The documented tags that are columns of the wide row, and those that are long models. -#}
{% macro wide_tags() %}{{ return(clm.documented_tags() | rejectattr('is_long') | list) }}{% endmacro %}

{% macro multi_tags() %}{{ return(clm.documented_tags() | selectattr('is_long') | list) }}{% endmacro %}


{#-
    Tells dbt that a model reads every tag model. Which of them are wide and which are long is only
    known once all are parsed, so each is named here, whatever the model then makes of it.
-#}
{% macro depend_on_tag_models() %}
    {% for model in clm.tag_models() %}
        {% do ref(model) %}
    {% endfor %}
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
        {% if tag.is_long and (tag.meta.kind != 'multi' or not tag.meta.get('tag')) %}
            {% do exceptions.raise_compiler_error(
                where ~ " is a long model: its column tag_value needs config.meta.kind multi and config.meta.tag,"
                ~ " the name of the tag; see docs/tags.md."
            ) %}
        {% endif %}
        {% if not tag.is_long and tag.meta.kind not in ['boolean', 'text'] %}
            {% do exceptions.raise_compiler_error(where ~ " has the kind '" ~ tag.meta.kind ~ "'; use boolean or text.") %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- `tag` or `tag:value` of a person as SQL over the tagged row (and her lists), NULL where the tag does not hold. -#}
{% macro tag_entry(tag) %}
    {% if tag.is_long %}
        {{ return("tag_lists.list_" ~ tag.tag) }}
    {% endif %}
    {% if tag.meta.kind == 'boolean' %}
        {{ return("case when tag_" ~ tag.tag ~ " then '" ~ tag.tag ~ "' end") }}
    {% endif %}
    {{ return("'" ~ tag.tag ~ ":' || replace(tag_" ~ tag.tag ~ ", ',', ' ')") }}
{% endmacro %}


{#-
    A tag column as it may be shown: where the person denied profiling, a predictive tag is not given.
    `column` is the tag's column, `denied` the person's refusal.
-#}
{% macro permitted_tag(tag, column, denied) %}
    {% if not tag.meta.get('predictive') %}
        {{ return(column) }}
    {% elif tag.meta.kind == 'boolean' %}
        {{ return(column ~ ' and not ' ~ denied) }}
    {% endif %}
    {{ return('case when not ' ~ denied ~ ' then ' ~ column ~ ' end') }}
{% endmacro %}


{#- The evidence of a tag: its evidence columns (after `prefix`) as JSON text, values as text. -#}
{% macro tag_evidence(tag, prefix='') %}
    {% set values = {} %}
    {% for name in tag.meta.evidence %}
        {% do values.update({name: clm.evidence_text(prefix ~ name)}) %}
    {% endfor %}
    {{ return(clm.json_object(values)) }}
{% endmacro %}

{% macro evidence_text(name) %}{{ return(clm.as_text(name)) }}{% endmacro %}
