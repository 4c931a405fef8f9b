-- Inserts new requests in the order of ids: partitions and indexes grow at their ends, and neighbours in time are adjacent on disk. A row
-- whose id is taken is left out; the caller counts, finds free ids and repeats. The bounds ($2, $3) let the join begin in the middle of the
-- staged rows' index. What the new rows cause is part of the statement, so that it is rolled back with them.
with inserted as (
    insert into service_request (
        city_id, id, external_id, category_id, agency_id, status, source_status, title, description, address, postal_code,
        district, channel, location, created_at, updated_at, due_at, closed_at, resolution, content_hash)
    select $1, b.id, s.external_id, s.category_id, s.agency_id, s.status, s.source_status, s.title, s.description, s.address,
           s.postal_code, s.district, s.channel,
           public.st_setsrid(public.st_makepoint(s.longitude, s.latitude), 4326),
           s.created_at, greatest(coalesce(s.changed_at, s.created_at), s.created_at), s.due_at, s.closed_at, s.resolution, s.content_hash
    from pg_temp.import_batch b
    join {staged} s on s.id = b.wanted_id and s.number = b.number
    where not b.known and s.id between $2 and $3
    order by b.id
    on conflict (city_id, id) do nothing
    returning *
), changed as (
    select id, created_at, version, updated_at as told_at, source_status, null::text as note, true as is_history_stated,
           null::service_request_status as old_status, null::integer as old_category_id, null::integer as old_agency_id,
           null::timestamptz as old_closed_at, null::geometry as old_location, null::bigint as old_cell,
           status, category_id, agency_id, closed_at, location, cell_16 as cell
    from inserted
), counted as (
    {delta}
), collected as (
    {collect}
), located as (
    {locate}
)
select count(*)::int from inserted
