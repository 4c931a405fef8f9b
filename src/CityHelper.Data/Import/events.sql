-- The last statement of a batch: an event for each changed request, as the batch's first round found it and its last round left it; for more
-- than $2 requests one event that names their cells. The event ids are drawn here, when all rows are locked.
with changes as materialized (
    select first.id, last.version, first.old_status, first.old_category_id, first.old_agency_id, first.old_location,
           last.status, last.category_id, last.agency_id, last.location
    from (select distinct on (id) * from pg_temp.import_change order by id, round) first
    join (select distinct on (id) * from pg_temp.import_change order by id, round desc) last using (id)
), size as (
    select count(*) > $2 as is_bulk, count(*) > 0 as is_any from changes
), single as (
    {event}
), bulk as (
    insert into public.change_outbox (city_id, event_id, kind, cause, cells, is_all)
    select $1, public.uuid_v7(), 'bulk', 'import', case when cells.number <= $3 then cells.named end, cells.number > $3
    from size
    cross join (select array_agg(cell order by cell) as named, count(*) as number from pg_temp.import_cell) cells
    where size.is_bulk
)
select is_any from size
