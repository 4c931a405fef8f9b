-- Epochs of the change log: the event that tells of one is the first of its epoch in each city's log, and one that the clock cannot have given is never believed. Reasons:
-- docs/decisions/0017-change-log.md.

-- The epoch that the clock gives now: the seconds since 2025.
create function public.clock_epoch() returns integer
    volatile language sql as
$body$
    select extract(epoch from clock_timestamp() - timestamptz '2025-01-01 00:00:00Z')::integer
$body$;

-- Whether the epoch that somebody tells can have been given. Epochs come from the clock: a later one than the database knows may be one that it has forgotten, but one of
-- more than a day (86,400 s) ahead of the clock is none, however it came into Redis. Raised above such a one, no epoch could follow.
create function public.is_possible_epoch(told integer, known integer) returns boolean
    volatile language sql as
$body$
    select told <= known or told <= public.clock_epoch() + 86400
$body$;

-- Whether the log holds an event that somebody saw: HELD; LOST when its number is another's or not given, or when it is of an epoch that the database does not know, so
-- that the database has been promoted or restored to an earlier state; UNKNOWN when the log no longer reaches back to it, an epoch began since then, or its epoch is none.
-- The time of numbering belongs to it: after a restore the same events may be numbered in another order, with the same one as the newest.
create or replace function public.check_change_witness(city smallint, seen_epoch integer, seen_n bigint, seen_event uuid, seen_at timestamptz) returns text
    volatile language sql security definer set search_path = pg_catalog, public, pg_temp as
$body$
    select case
        when seen_epoch < k.epoch or not public.is_possible_epoch(seen_epoch, k.epoch) then 'UNKNOWN'
        when seen_epoch > k.epoch then 'LOST'
        when seen_n < (select c.n from public.change c where c.city_id = city order by c.n limit 1) then 'UNKNOWN'
        when exists (select from public.change c where c.city_id = city and c.n = seen_n and c.event_id = seen_event and c.numbered_at = seen_at) then 'HELD'
        else 'LOST'
    end
    from (select max(e.epoch) as epoch from public.change_epoch e) k
$body$;

-- Begins an epoch: every city's log gets an event that says so, behind what has a number and before all that is committed and waits for one, in the order of city ids.
-- So an event of an epoch never stands before the event that begins it. `known` is the epoch that the caller knows, or that of the witness; if a later one began
-- meanwhile, if `known` cannot have been given, or if the witness of a loss is there after all, nothing happens. Returns the current epoch.
-- Epochs are taken from the clock, in seconds: a promotion may lose the epoch that the last one began, and counted up by one it would be given again.
create or replace function public.raise_change_epoch(
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
        or not public.is_possible_epoch(known, current)
        or witness_event is not null and public.check_change_witness(witness_city, known, witness_n, witness_event, witness_at) <> 'LOST' then
        return current;
    end if;

    current := greatest(current + 1, known + 1, public.clock_epoch());
    insert into public.change_epoch (epoch, timeline, reason) values (current, public.wal_timeline(), raise_change_epoch.reason);
    for city in select 0 union all select c.id from public.city c order by 1 loop
        perform pg_advisory_xact_lock(202833927, city);
        insert into public.change (city_id, n, epoch, event_id, kind, is_urgent, cause, recorded_at, is_all)
        values (
            city, coalesce((select c.n from public.change c where c.city_id = city order by c.n desc limit 1), 0) + 1, current,
            public.uuid_v7(), 'epoch', false, raise_change_epoch.reason, clock_timestamp(), true);
        -- The whole outbox: the snapshot of that row has seen what waits, so the next numbering would not look at it.
        perform public.number_changes(city, null, true);
    end loop;
    return current;
end
$body$;
