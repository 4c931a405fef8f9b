-- What services write into the outbox is bounded before a server reads it, and old events are removed city by city.

-- A server follows every event: one that it cannot read would stop it at that event, and all others with it.
alter table change_outbox
    add constraint change_outbox_cells check (cells is null or array_ndims(cells) = 1 and cardinality(cells) <= 256 and array_position(cells, null) is null),
    add constraint change_outbox_cause check (char_length(cause) <= 200),
    add constraint change_outbox_old_place check (old_location is null or coalesce(st_x(old_location) between -180 and 180 and st_y(old_location) between -90 and 90, false)),
    add constraint change_outbox_place check (location is null or coalesce(st_x(location) between -180 and 180 and st_y(location) between -90 and 90, false));

-- For services that changed rows of a city and say only where: at most 256 cells of zoom 14, or null for everything, and so do more. `event` makes a repeated announcement harmless.
-- An unknown city is an error: its events would wait for ever, since nobody numbers them. So are cells that are null or in several dimensions.
create or replace function public.announce_change(city smallint, cells bigint[] default null, cause text default 'service', event uuid default public.uuid_v7()) returns uuid
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$body$
declare
    is_all boolean := coalesce(cardinality(cells) > 256, true);
begin
    if city <> 0 and not exists (select from public.city c where c.id = announce_change.city) then
        raise exception 'there is no city %', city using errcode = 'foreign_key_violation';
    end if;

    insert into public.change_outbox (city_id, event_id, kind, cause, cells, is_all)
    values (city, event, 'bulk', left(announce_change.cause, 200), case when not is_all then announce_change.cells end, is_all)
    on conflict (city_id, event_id) do nothing;
    return event;
end
$body$;

-- Empties the events of a redacted request, as before; of another one it empties none, whoever asks.
create or replace function public.redact_changes(city smallint, request bigint) returns void
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$body$
begin
    if not exists (select from public.service_request r where r.city_id = city and r.id = request and r.redacted_at is not null) then
        raise exception 'the request % is not redacted', request using errcode = 'object_not_in_prerequisite_state';
    end if;

    perform pg_advisory_xact_lock(202833927, city);
    update public.change_outbox o
    set old_status = null, old_category_id = null, old_agency_id = null, old_location = null, status = null, category_id = null, agency_id = null, location = null
    where o.city_id = city and o.service_request_id = request;
    update public.change c
    set old_status = null, old_category_id = null, old_agency_id = null, old_location = null, status = null, category_id = null, agency_id = null, location = null
    where c.city_id = city and c.service_request_id = request;
end
$body$;

-- Removes numbered events of a city that are older than `kept`, a day at least, at most `rows_max`, never the newest. Returns how many. Numbers follow time, so it stops at the first young
-- row: of a city without old ones it reads one.
drop function public.trim_changes(interval, integer);
create function public.trim_changes(city smallint, kept interval, rows_max integer) returns bigint
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$body$
declare
    head    bigint := (select c.n from public.change c where c.city_id = city order by c.n desc limit 1);
    until   timestamptz := clock_timestamp() - greatest(kept, interval '24 hours');
    last    bigint;
    oldest  record;
    removed bigint;
begin
    for oldest in select c.n, c.numbered_at from public.change c where c.city_id = city and c.n < head order by c.n limit rows_max loop
        exit when oldest.numbered_at >= until;
        last := oldest.n;
    end loop;
    if last is null then
        return 0;
    end if;

    delete from public.change c where c.city_id = city and c.n <= last;
    get diagnostics removed = row_count;
    return removed;
end
$body$;

revoke execute on function public.trim_changes(smallint, interval, integer) from public;
