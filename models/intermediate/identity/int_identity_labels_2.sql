{#-
    Grain: one row per node that shares an address. Why it exists: rounds 3 and 4 of ten in which the
    nodes of a component come to have one label, that of their least node.
-#}

{{ clm.label_rounds(ref('int_identity_labels_1')) }}
