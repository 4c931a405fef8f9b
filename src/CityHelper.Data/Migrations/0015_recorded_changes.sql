-- A service that records its change of a request is checked: counters, history and event are made from what it says, and would be wrong for ever.

-- True, or an error that says what to pass. `after` must be the row as it is stored now; `before` the row as it was when it was locked: its version is still the stored one.
create function public.check_recorded_change(before public.service_request, after public.service_request) returns boolean
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$body$
declare
    city   smallint := coalesce((after).city_id, (before).city_id);
    key    bigint := coalesce((after).id, (before).id);
    stored public.service_request;
begin
    if key is null then
        raise exception 'no request was told: pass the row before the change, the row after it, or both' using errcode = 'null_value_not_allowed';
    end if;
    if (before).id <> key or (before).city_id <> city then
        raise exception 'before and after are two requests' using errcode = 'invalid_parameter_value';
    end if;

    select r.* into stored from public.service_request r where r.city_id = city and r.id = key;
    if after is null then
        if found then
            raise exception 'the request % is still there: delete it first, or pass the row after the change', key using errcode = 'invalid_parameter_value';
        end if;
    elsif not found
        or ((after).status, (after).category_id, (after).agency_id, (after).closed_at, (after).location, (after).created_at, (after).version)
           is distinct from (stored.status, stored.category_id, stored.agency_id, stored.closed_at, stored.location, stored.created_at, stored.version) then
        raise exception 'the request % is stored otherwise: pass the row that the insert or update returned', key using errcode = 'invalid_parameter_value';
    elsif not (isfinite(stored.created_at) and isfinite(stored.updated_at) and isfinite(coalesce(stored.closed_at, stored.created_at))
               and isfinite(coalesce(stored.due_at, stored.created_at))) then
        raise exception 'a time of the request % is infinite', key using errcode = 'invalid_parameter_value';
    elsif (before).version <> stored.version then
        raise exception 'the request % was changed since it was read: lock it first (for no key update), and record each change once', key
            using errcode = 'serialization_failure';
    end if;
    return true;
end
$body$;

revoke execute on function public.check_recorded_change(public.service_request, public.service_request) from public;

create or replace function public.record_service_request_change(before public.service_request, after public.service_request, cause text default 'service', note text default null) returns uuid
    volatile language sql security definer set search_path = pg_catalog, public, pg_temp as
$body$
    with changed as materialized (
        select coalesce((after).id, (before).id) as id,
               coalesce((after).created_at, (before).created_at) as created_at,
               case when before is null then (after).version else (before).version + 1 end as version,
               case when before is null then (after).updated_at else greatest((after).updated_at, (before).updated_at + interval '1 millisecond') end as updated_at,
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
        -- What a change does to the counters: subtracts what was counted and adds what counts now, where they differ. Not aggregated: of 20,000
-- new requests hardly two have the same day, cell, category and time to close.
insert into public.service_request_delta (city_id, day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude)
select coalesce((after).city_id, (before).city_id), (c.created_at at time zone (select time_zone from public.city where id = coalesce((after).city_id, (before).city_id)))::date, state.cell, state.category_id,
       coalesce(state.agency_id, 0), state.status, public.closing_bucket(c.created_at, state.closed_at), state.sign,
       coalesce(state.sign * public.degrees_e7(public.st_x(state.location)), 0),
       coalesce(state.sign * public.degrees_e7(public.st_y(state.location)), 0)
from changed c
cross join lateral (values
    (-1, c.old_status, c.old_category_id, c.old_agency_id, c.old_closed_at, c.old_location, c.old_cell),
    (1, c.status, c.category_id, c.agency_id, c.closed_at, c.location, c.cell))
    as state(sign, status, category_id, agency_id, closed_at, location, cell)
where state.status is not null
  and (c.old_status, c.old_category_id, c.old_agency_id, c.old_closed_at, c.old_location)
      is distinct from (c.status, c.category_id, c.agency_id, c.closed_at, c.location)
    ), told as (
        -- The history row of a changed status or of a note, unless the request is removed or the source states the history itself. Its id follows
-- that of the last row, even within a millisecond: sources without times of change report several changes at the same moment.
insert into public.status_update (city_id, service_request_id, id, status, source_status, note, created_at)
select coalesce((after).city_id, (before).city_id), c.id,
       greatest(public.id_floor(c.told_at) | 2097152,
                (select max(u.id) + 1 from public.status_update u where u.city_id = coalesce((after).city_id, (before).city_id) and u.service_request_id = c.id)),
       c.status, c.source_status, c.note, c.told_at
from changed c
where c.status is not null and (c.status <> c.old_status or c.note is not null) and not c.is_history_stated
    )
    -- The event of each change. Its id is drawn here, when the rows are locked and changed: drawn before, the order of events could differ from
-- the order of the changes.
insert into public.change_outbox (
    city_id, event_id, kind, cause, service_request_id, version,
    old_status, old_category_id, old_agency_id, old_location, status, category_id, agency_id, location)
select coalesce((after).city_id, (before).city_id), public.uuid_v7(), 'request', cause, c.id, c.version,
       c.old_status, c.old_category_id, c.old_agency_id, c.old_location, c.status, c.category_id, c.agency_id, c.location
from changed c
order by c.id
    returning event_id;
$body$;
