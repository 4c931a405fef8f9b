-- The change log: writers append events to change_outbox in their own transactions, and number_changes moves them, once they are committed, into change with dense
-- numbers for each city. Shape and reasons: docs/decisions/0017-change-log.md.

alter table service_request
    add column version      integer not null default 1,
    add column revised_at   timestamptz(3),
    add column duplicate_of bigint,
    add column redacted_at  timestamptz(3);

comment on column service_request.version is 'Rises by one with each change; a writer states the one it has seen.';
comment on column service_request.revised_at is
    'The time that an import must exceed to be newer, where it differs from updated_at: the source''s own time of a change that is stored a millisecond later, or that before a link.';
comment on column service_request.duplicate_of is 'The request that tells the same; never itself a duplicate.';
comment on column service_request.redacted_at is 'Since then its texts, address and place are gone for good: no import writes them again.';
comment on column service_request.content_hash is
    'Hash of the imported row; on equal times a differing hash makes the row newer. Null on rows that were created or last changed here.';

create index service_request_duplicate_of on service_request (city_id, duplicate_of) where duplicate_of is not null;

create type change_kind as enum ('request', 'bulk', 'reference', 'boundary', 'city', 'purge', 'redaction', 'epoch');

-- A UUID of version 7 (RFC 9562): the random one of version 4 with the milliseconds since 1970 in its first 48 bits, and the bits of the version.
create function public.uuid_v7() returns uuid
    volatile parallel safe language sql as
$body$
    select encode(set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid()) placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
        52, 1), 53, 1), 'hex')::uuid
$body$;

-- Epochs of the log. One rises when numbers may have been given twice: after a promotion, or a restore to an earlier state.
create table change_epoch (
    epoch      integer primary key,
    timeline   integer,
    reason     text not null,
    started_at timestamptz not null default clock_timestamp()
);

comment on column change_epoch.timeline is 'That of the WAL in which the epoch began; null where the server does not tell it.';

-- Events of transactions, until they are numbered. No foreign key: city 0 stands for what belongs to no city.
create table change_outbox (
    city_id            smallint not null,
    id                 bigint not null generated always as identity (cache 1),
    xid                xid8 not null default pg_current_xact_id(),
    event_id           uuid not null,
    kind               change_kind not null,
    is_urgent          boolean not null default false,
    cause              text not null,
    recorded_at        timestamptz not null default clock_timestamp(),
    service_request_id bigint,
    version            integer,
    old_status         service_request_status,
    old_category_id    integer,
    old_agency_id      integer,
    old_location       geometry(Point, 4326),
    status             service_request_status,
    category_id        integer,
    agency_id          integer,
    location           geometry(Point, 4326),
    cells              bigint[],
    is_all             boolean not null default false,
    primary key (city_id, id),
    unique (city_id, event_id)
    -- Rows live for milliseconds. Vacuum by number: a share of an empty table is nothing.
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000);

create index change_outbox_xid on change_outbox (city_id, xid);

comment on column change_outbox.xid is 'The transaction that wrote it. Numbering looks only at transactions that the last numbering could not see.';
comment on column change_outbox.is_urgent is 'Whether nobody may go on showing what was there before: a redaction.';
comment on column change_outbox.cause is 'What changed it: import, service, or the name of a mutation.';
comment on column change_outbox.old_status is 'Null, like the other old values, for a new request; the new ones are null for a removed one, and all of them after a redaction.';
comment on column change_outbox.cells is 'The cells of zoom 14 that the event touches, where it names no request.';
comment on column change_outbox.is_all is 'Whether it touches more than it names.';

create table change (
    city_id            smallint not null,
    n                  bigint not null,
    epoch              integer not null,
    xid                xid8 not null default pg_current_xact_id(),
    snapshot           pg_snapshot not null default pg_current_snapshot(),
    event_id           uuid not null,
    kind               change_kind not null,
    is_urgent          boolean not null,
    cause              text not null,
    recorded_at        timestamptz not null,
    numbered_at        timestamptz not null default clock_timestamp(),
    service_request_id bigint,
    version            integer,
    old_status         service_request_status,
    old_category_id    integer,
    old_agency_id      integer,
    old_location       geometry(Point, 4326),
    status             service_request_status,
    category_id        integer,
    agency_id          integer,
    location           geometry(Point, 4326),
    cells              bigint[],
    is_all             boolean not null,
    primary key (city_id, n),
    unique (city_id, event_id)
);

create index change_service_request on change (city_id, service_request_id) where service_request_id is not null;

comment on column change.n is 'Dense in a city, in the order of the outbox. The newest row is never removed: it is the head.';
comment on column change.xid is 'The transaction that numbered it.';
comment on column change.snapshot is 'What that transaction could see. The next numbering looks at the others only.';

-- The timeline of the WAL; null where the server does not tell it (a standby, or a service without WAL files).
create function public.wal_timeline() returns integer
    volatile language plpgsql as
$body$
begin
    return ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer;
exception when others then
    return null;
end
$body$;

insert into change_epoch (epoch, timeline, reason) values (1, public.wal_timeline(), 'the log begins');

-- The unnumbered events of a city, as the places of their rows: those of transactions that were still running when the last numbering took its snapshot, those that began
-- after it, and those of that transaction itself. Transactions that are older are never looked at again, so an old snapshot elsewhere, which keeps deleted rows in the table
-- and its indexes, costs nothing. All of the city's where there is no last numbering, where the whole is asked for, and where the last snapshot is one of the future, and so
-- of another cluster: the database was restored into this one.
-- `last_snapshot` and `last_xid` are those of the city's newest row in the log. The function has no settings of its own: with them it could not become part of the
-- statements that call it, and the pulse of 50 cities would call it 51 times.
-- The planner believes the table empty, since only live rows count, and all of its indexes equal. An order without a sort, of a range that is one value, leaves it
-- change_outbox_xid alone, and the callers, which forbid sorts and bitmaps, read by place.
create function public.unnumbered_changes(city smallint, last_snapshot pg_snapshot, last_xid xid8, whole boolean) returns table (place tid, recorded_at timestamptz)
    stable language sql as
$body$
    select late.place, late.recorded_at
    from (
        select o.ctid as place, o.recorded_at from public.change_outbox o
        where o.city_id = city
          and o.xid >= case when whole or last_snapshot is null or pg_snapshot_xmax(last_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) then '0'::xid8
                            else pg_snapshot_xmax(last_snapshot) end
        order by o.xid offset 0) late
    union all
    select running.place, running.recorded_at
    from (select pg_snapshot_xip(last_snapshot) as xid union all select last_xid) seen
    cross join lateral (
        select o.ctid as place, o.recorded_at from public.change_outbox o
        where o.city_id = city and o.xid >= seen.xid and o.xid <= seen.xid
        order by o.xid offset 0) running
    where seen.xid < case when whole or last_snapshot is null or pg_snapshot_xmax(last_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) then '0'::xid8
                          else pg_snapshot_xmax(last_snapshot) end
$body$;

-- Moves a city's committed events from the outbox into the log: dense numbers behind the head, in the order of their ids.
-- Locks: the epoch, shared; then the city. Both until the end of the transaction, which must be read committed: the statement that moves must see what was committed
-- while it waited for the lock.
-- Returns the number of `event` (null when it is not there), the head, and whether the WAL is on another timeline than the epoch's: then nothing is numbered until
-- somebody raises the epoch.
-- Its plans are made once for each connection, also where the connection's own statements are planned each time: planning takes twice as long as all the rest.
create function public.number_changes(city smallint, event uuid default null, whole boolean default false, out n bigint, out epoch integer, out head bigint, out is_other_timeline boolean)
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off
    set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan as
$body$
declare
    last_snapshot pg_snapshot;
    last_xid      xid8;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'number_changes needs a transaction that is read committed, not %', current_setting('transaction_isolation');
    end if;
    if current_setting('synchronous_commit') in ('off', 'local') then
        -- A number that a crash takes back would be given twice.
        perform set_config('synchronous_commit', 'on', true);
    end if;

    perform pg_advisory_xact_lock_shared(202833926, 0);
    perform pg_advisory_xact_lock(202833927, city);
    select e.epoch, e.timeline <> public.wal_timeline() into epoch, is_other_timeline from public.change_epoch e order by e.epoch desc limit 1;
    is_other_timeline := coalesce(is_other_timeline, false);
    select c.n, c.snapshot, c.xid into head, last_snapshot, last_xid from public.change c where c.city_id = city order by c.n desc limit 1;
    head := coalesce(head, 0);
    if not is_other_timeline then
        with taken as (
            -- By their place in the table: a join, planned for a nearly empty table, would read all entries of the city, the deleted ones too.
            delete from public.change_outbox o
            where o.ctid = any (array(select u.place from public.unnumbered_changes(city, last_snapshot, last_xid, whole) u))
            returning o.*
        ), numbered as (
            insert into public.change (
                city_id, n, epoch, event_id, kind, is_urgent, cause, recorded_at, service_request_id, version,
                old_status, old_category_id, old_agency_id, old_location, status, category_id, agency_id, location, cells, is_all)
            select t.city_id, head + row_number() over (order by t.id), number_changes.epoch, t.event_id, t.kind, t.is_urgent, t.cause, t.recorded_at,
                   t.service_request_id, t.version, t.old_status, t.old_category_id, t.old_agency_id, t.old_location, t.status, t.category_id, t.agency_id, t.location,
                   t.cells, t.is_all
            from taken t
            -- An event that is announced again under its own id is not a new one. A scalar subquery is one lookup per event; an anti-join may read the city's whole log.
            where (select c.n from public.change c where c.city_id = city and c.event_id = t.event_id) is null
            order by t.id
            returning change.n
        )
        select head + count(*) into head from numbered;
    end if;

    if event is not null then
        n := (select c.n from public.change c where c.city_id = city and c.event_id = event);
    end if;
end
$body$;

-- One row for each city, and for city 0: the head with its event, and how old the oldest event is that is not numbered. In PL/pgSQL and with the settings of
-- number_changes, so that it is planned once for each connection.
create function public.change_pulse(out city_id smallint, out epoch integer, out n bigint, out event_id uuid, out numbered_at timestamptz, out unnumbered_ms double precision) returns setof record
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off
    set enable_bitmapscan = off set enable_sort = off set plan_cache_mode = force_generic_plan as
$body$
begin
    return query
        select c.id, e.epoch, coalesce(h.n, 0), h.event_id, h.numbered_at, extract(epoch from clock_timestamp() - o.oldest)::double precision * 1000
        from (select 0::smallint as id union all select city.id from public.city) c
        cross join (select max(k.epoch) as epoch from public.change_epoch k) e
        left join lateral (
            select x.n, x.event_id, x.numbered_at, x.snapshot, x.xid from public.change x where x.city_id = c.id order by x.n desc limit 1) h on true
        left join lateral (
            select min(u.recorded_at) as oldest from public.unnumbered_changes(c.id, h.snapshot, h.xid, false) u) o on true
        order by c.id;
end
$body$;

-- Whether the log holds an event that somebody saw: HELD; LOST when its number is another's or not given, or when it is of an epoch that the database does not know, so
-- that the database has been promoted or restored to an earlier state; UNKNOWN when the log no longer reaches back to it, or an epoch began since then.
-- The time of numbering belongs to it: after a restore the same events may be numbered in another order, with the same one as the newest.
create function public.check_change_witness(city smallint, seen_epoch integer, seen_n bigint, seen_event uuid, seen_at timestamptz) returns text
    volatile language sql security definer set search_path = pg_catalog, public, pg_temp as
$body$
    select case
        when seen_epoch < (select max(e.epoch) from public.change_epoch e) then 'UNKNOWN'
        when seen_epoch > (select max(e.epoch) from public.change_epoch e) then 'LOST'
        when seen_n < (select c.n from public.change c where c.city_id = city order by c.n limit 1) then 'UNKNOWN'
        when exists (select from public.change c where c.city_id = city and c.n = seen_n and c.event_id = seen_event and c.numbered_at = seen_at) then 'HELD'
        else 'LOST'
    end
$body$;

-- Begins an epoch: every city's log gets an event that says so, behind all that is committed, in the order of city ids. `known` is the epoch that the caller knows, or
-- that of the witness; if a later one began meanwhile, or the witness of a loss is there after all, nothing happens. Returns the current epoch.
-- Epochs are taken from the clock, in seconds: a promotion may lose the epoch that the last one began, and counted up by one it would be given again.
create function public.raise_change_epoch(
    known integer, reason text, witness_city smallint default null, witness_n bigint default null, witness_event uuid default null,
    witness_at timestamptz default null) returns integer
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$body$
declare
    current integer;
    city smallint;
begin
    perform pg_advisory_xact_lock(202833926, 0);
    select max(e.epoch) into current from public.change_epoch e;
    if current > known
        or witness_event is not null and public.check_change_witness(witness_city, known, witness_n, witness_event, witness_at) <> 'LOST' then
        return current;
    end if;

    current := greatest(current + 1, known + 1, extract(epoch from clock_timestamp() - timestamptz '2025-01-01 00:00:00Z')::integer);
    insert into public.change_epoch (epoch, timeline, reason) values (current, public.wal_timeline(), raise_change_epoch.reason);
    for city in select 0 union all select c.id from public.city c order by 1 loop
        perform pg_advisory_xact_lock(202833927, city);
        insert into public.change_outbox (city_id, event_id, kind, cause, is_all) values (city, public.uuid_v7(), 'epoch', raise_change_epoch.reason, true);
        perform public.number_changes(city, null, true);
    end loop;
    return current;
end
$body$;

-- Empties the events of a request, numbered or not; they keep their numbers and ids, and a redaction its cells. In the transaction of the redaction. The city's lock is
-- taken so that no event is on its way from the outbox to the log meanwhile.
create function public.redact_changes(city smallint, request bigint) returns void
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$body$
begin
    perform pg_advisory_xact_lock(202833927, city);
    update public.change_outbox o
    set old_status = null, old_category_id = null, old_agency_id = null, old_location = null, status = null, category_id = null, agency_id = null, location = null
    where o.city_id = city and o.service_request_id = request;
    update public.change c
    set old_status = null, old_category_id = null, old_agency_id = null, old_location = null, status = null, category_id = null, agency_id = null, location = null
    where c.city_id = city and c.service_request_id = request;
end
$body$;

-- Removes numbered events that are older than `kept`, at most `rows_max` of each city, never a city's newest. Returns how many.
create function public.trim_changes(kept interval, rows_max integer) returns bigint
    volatile language sql security definer set search_path = pg_catalog, public, pg_temp as
$body$
    with gone as (
        delete from public.change d
        using (select 0::smallint as id union all select id from public.city) c
        cross join lateral (select x.n from public.change x where x.city_id = c.id order by x.n desc limit 1) h
        cross join lateral (select x.n, x.numbered_at from public.change x where x.city_id = c.id order by x.n limit rows_max) o
        where d.city_id = c.id and d.n = o.n and o.n < h.n and o.numbered_at < clock_timestamp() - kept
        returning 1
    )
    select count(*) from gone
$body$;

-- The partition of a city, or of one of its UTC years, with its schema; null when there is none of these bounds. `root` is service_request or status_update.
create function public.find_partition(root text, city smallint, year integer default null) returns text
    stable language plpgsql set search_path = pg_catalog, public, pg_temp as
$body$
declare
    parent regclass := to_regclass('public.' || root);
    bounds text := public.partition_bounds(city, year);
begin
    if year is not null then
        parent := to_regclass(public.find_partition(root, city));
    end if;
    return (
        select format('%I.%I', n.nspname, c.relname)
        from pg_inherits i
        join pg_class c on c.oid = i.inhrelid
        join pg_namespace n on n.oid = c.relnamespace
        where i.inhparent = parent and pg_get_expr(c.relpartbound, c.oid) = bounds);
end
$body$;

-- Bounds as PostgreSQL writes them: of a city, or of the ids of a UTC year.
create function public.partition_bounds(city smallint, year integer) returns text
    immutable language sql as
$body$
    select case when year is null then format('FOR VALUES IN (%L)', city::text)
        else format('FOR VALUES FROM (%L) TO (%L)',
            public.id_floor(make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'))::text, public.id_floor(make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'))::text)
        end
$body$;

-- Makes one partition where it is missing: of a city, or of one of its UTC years, whose city must be there, and the year of requests before that of updates. Returns its
-- name. A year is made as a plain table and then attached: `create table … partition of` would take an AccessExclusive lock on the city's table and block its readers,
-- ATTACH takes ShareUpdateExclusive. Call it in a short transaction of its own, so that its locks are released before the next. Two who make the same one wait for each
-- other. Only here are names made, from the city's id and the year.
create function public.ensure_partition(root text, city smallint, year integer default null) returns text
    volatile language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$body$
declare
    name text := public.find_partition(root, city, year);
    parent text := 'public.' || root;
begin
    if name is not null then
        return name;
    end if;
    if root not in ('service_request', 'status_update') or year not between 2000 and 2100 then
        raise exception 'no partition of % for the year % is made', root, year;
    end if;

    perform pg_advisory_xact_lock(202833921, city);
    -- Again under the lock: somebody else may have made it meanwhile.
    name := public.find_partition(root, city, year);
    if name is not null then
        return name;
    end if;

    if year is not null then
        parent := public.find_partition(root, city);
    end if;
    name := format('partitions.%I', concat_ws('_', root, city, year));
    -- LIKE copies generated columns and indexes, so that ATTACH finds them and builds nothing. It does not copy the parent's foreign keys; ATTACH creates them.
    -- The newest rows are read most, by index-only scans. These read the table too until VACUUM has marked its pages as all-visible: by default when a fifth of a
    -- partition is new, two months of a city.
    execute format('create table %s (like %s including all)%s', name, parent, case
        when year is not null then ' with (autovacuum_vacuum_insert_scale_factor = 0.01)'
        when root = 'service_request' then ' partition by range (id)'
        else ' partition by range (service_request_id)' end);
    if year is not null and root = 'status_update' then
        execute format('alter table %s add foreign key (city_id, service_request_id) references %s (city_id, id) on delete cascade',
            name, public.find_partition('service_request', city, year));
    end if;
    execute format('alter table %s attach partition %s %s', parent, name, public.partition_bounds(city, year));
    return name;
end
$body$;

-- For other services in this database: call it in the transaction that changed a request, last, with the row before and after; `before` is null for a new request,
-- `after` for a removed one. It stores the next version and a later updated_at, appends history, delta and event, and returns the event's id. It replaces
-- append_service_request_delta. Generated from src/CityHelper.Data/ServiceRequests/record.sql, as the importer's statements and those of mutations are.
drop function public.append_service_request_delta(public.service_request, public.service_request);

create function public.record_service_request_change(before public.service_request, after public.service_request, cause text default 'service', note text default null) returns uuid
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

-- For services that changed rows of a city and say only where: at most 256 cells of zoom 14, or null for everything, and so do more. `event` makes a repeated announcement harmless.
create function public.announce_change(city smallint, cells bigint[] default null, cause text default 'service', event uuid default public.uuid_v7()) returns uuid
    volatile language sql security definer set search_path = pg_catalog, public, pg_temp as
$body$
    insert into public.change_outbox (city_id, event_id, kind, cause, cells, is_all)
    values (city, event, 'bulk', left(cause, 200), case when cardinality(cells) <= 256 then cells end, coalesce(cardinality(cells) > 256, true))
    on conflict (city_id, event_id) do nothing;
    select event;
$body$;

-- Writes that clients may repeat: what a key of a client did, in the transaction that did it. Rows are kept for 24 hours.
create table idempotency_key (
    city_id            smallint not null,
    client             text not null,
    key                text not null,
    mutation           text not null,
    input_hash         bytea not null,
    service_request_id bigint,
    event_id           uuid,
    created_at         timestamptz not null default clock_timestamp(),
    primary key (city_id, client, key)
);

create index idempotency_key_created_at on idempotency_key (created_at);

comment on column idempotency_key.input_hash is 'SHA-256 of the canonical input: the same key with another input is refused.';
comment on column idempotency_key.event_id is 'Null when the write changed nothing.';

revoke execute on function
    public.unnumbered_changes(smallint, pg_snapshot, xid8, boolean),
    public.number_changes(smallint, uuid, boolean),
    public.change_pulse(),
    public.check_change_witness(smallint, integer, bigint, uuid, timestamptz),
    public.raise_change_epoch(integer, text, smallint, bigint, uuid, timestamptz),
    public.redact_changes(smallint, bigint),
    public.ensure_partition(text, smallint, integer),
    public.trim_changes(interval, integer),
    public.record_service_request_change(public.service_request, public.service_request, text, text),
    public.announce_change(smallint, bigint[], text, uuid)
from public;
