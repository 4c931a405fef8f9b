-- A request that is reported here. An id that is taken inserts nothing.
with inserted as (
    insert into service_request (
        city_id, id, category_id, status, title, description, address, channel, location, created_at, updated_at)
    values ($1, $2, $3, 'OPEN', $4, $5, $6, $7, $8, $9, $9)
    on conflict (city_id, id) do nothing
    returning *
), changed as (
    select id, created_at, version, updated_at as told_at, source_status, null::text as note, false as is_history_stated,
           null::service_request_status as old_status, null::integer as old_category_id, null::integer as old_agency_id,
           null::timestamptz as old_closed_at, null::geometry as old_location, null::bigint as old_cell,
           status, category_id, agency_id, closed_at, location, cell_16 as cell
    from inserted
), counted as (
    {delta}
)
{event}
returning event_id
