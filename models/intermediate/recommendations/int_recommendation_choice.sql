{#-
    Grain: exactly one row. Why it exists: whose order counts today: everybody's own, or that of popularity where a
    horizon ago their own did not hit more people.
-#}

with

hits as (

    select * from {{ ref('int_recommendation_hits') }}

),

compared as (

    select
        max(case when prediction_method = 'recommendations' then hit_count end) as own_hit_count,
        max(case when prediction_method = 'popularity' then hit_count end) as popular_hit_count
    from hits

),

final as (

    select
        case when own_hit_count <= popular_hit_count then 'popularity' else 'recommendations' end
            as recommendation_method
    from compared

)

select * from final
