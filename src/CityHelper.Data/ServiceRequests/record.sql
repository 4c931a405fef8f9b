    with changed as materialized (
        select coalesce((after).id, (before).id) as id,
               coalesce((after).created_at, (before).created_at) as created_at,
               case when before is null then (after).version else {version} end as version,
               case when before is null then (after).updated_at else {updated_at} end as updated_at,
               (after).updated_at as told_at, (after).source_status, note, false as is_history_stated,
               (before).status as old_status, (before).category_id as old_category_id, (before).agency_id as old_agency_id,
               (before).closed_at as old_closed_at, (before).location as old_location, (before).cell_16 as old_cell,
               (after).status, (after).category_id, (after).agency_id, (after).closed_at, (after).location, (after).cell_16 as cell
        where public.check_recorded_change(before, after)
    ), known as (
        -- So that the next import of the source finds the request.
        insert into public.service_request_external_id (city_id, external_id, service_request_id)
        select (after).city_id, (after).external_id, c.id
        from changed c
        where (after).external_id is distinct from (before).external_id and (after).external_id is not null
          and not exists (select from public.service_request_external_id e
                          where e.city_id = (after).city_id and e.external_id = (after).external_id and e.service_request_id = c.id)
    ), written as (
        update public.service_request r
        set version = c.version, updated_at = c.updated_at, revised_at = null, content_hash = null
        from changed c
        where r.city_id = (after).city_id and r.id = c.id and not (before is null)
    ), counted as (
        {delta}
    ), told as (
        {history}
    )
    {event}
    returning event_id;
