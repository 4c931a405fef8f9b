-- Inserts new requests in the order of ids: partitions and indexes grow at their ends, and neighbours in time are adjacent on disk. A row
-- whose id is taken is left out; the caller counts, finds free ids and repeats. The bounds ($2, $3) let the join begin in the middle of the
-- staged rows' index. The same statement appends the counters' deltas, so that they are rolled back with it.
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
    returning created_at, category_id, agency_id, status, closed_at, location, cell_16
), counted as (
    -- Not aggregated: of 20,000 new requests hardly two have the same day, cell, category and time to close.
    insert into service_request_delta (city_id, day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude)
    select $1, (created_at at time zone (select time_zone from city where id = $1))::date, cell_16, category_id, coalesce(agency_id, 0), status,
           public.closing_bucket(created_at, closed_at), 1,
           coalesce(public.degrees_e7(public.st_x(location)), 0), coalesce(public.degrees_e7(public.st_y(location)), 0)
    from inserted
)
select count(*)::int from inserted
