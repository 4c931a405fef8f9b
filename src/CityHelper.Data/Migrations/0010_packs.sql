-- Packs of requests, which areas are counted from: docs/decisions/0014-packs.md.

-- What is counted of the requests of one cell of zoom 16 and of one stretch of ids.
create table service_request_pack (
    city_id smallint not null,
    cell    bigint not null,
    slice   smallint not null,
    content bytea,
    primary key (city_id, cell, slice)
) with (autovacuum_vacuum_scale_factor = 0.05, toast_tuple_target = 8160);

-- It is read whole: compressing it would cost readers more than reading it, and what fits a page stands in the row.
alter table service_request_pack alter column content set storage external;

comment on column service_request_pack.slice is 'The highest bits of its ids, id >> 53: 2^31 milliseconds, 24.9 days.';
comment on column service_request_pack.content is
    'Null while it must be packed anew. Else 36 bytes for each request, in the order of ids, big endian: id (8), longitude and latitude (8 each, IEEE 754), status (4, its number), category (4), agency (4, 0 for none).';

-- Nearly always empty, so that readers look for what is missing at no cost.
create index service_request_pack_stale on service_request_pack (city_id, cell, slice) where content is null;

-- The slices that requests of a city's day may lie in: of a day more on either side, whatever the city's time zone is.
create function public.pack_slices(day date) returns setof smallint
    immutable parallel safe language sql as
$body$
    select s::smallint
    from generate_series(public.id_floor((day - 1)::timestamp at time zone 'UTC') >> 53, public.id_floor((day + 2)::timestamp at time zone 'UTC') >> 53) s
$body$;

-- A number for each label that stays when labels are added; readers have the same list.
create function public.pack_status(status public.service_request_status) returns integer
    immutable parallel safe language sql as
$body$
    select case status
        when 'OPEN' then 0 when 'ASSIGNED' then 1 when 'IN_PROGRESS' then 2 when 'PENDING' then 3
        when 'RESOLVED' then 4 when 'CLOSED' then 5 when 'CANCELLED' then 6 when 'DUPLICATE' then 7
        -- Readers know no such number, and say so.
        else -1
    end
$body$;

-- Whoever takes deltas, a server of an earlier build too: packs that their changes touch must be packed anew. A change tells its day and not its id, so all slices
-- that a day may lie in go.
create function public.stale_packs() returns trigger
    language plpgsql as
$body$
begin
    insert into public.service_request_pack (city_id, cell, slice)
    select c.city_id, c.cell, s.slice
    from (select distinct city_id, cell, day from taken where cell is not null) c
    cross join lateral public.pack_slices(c.day) s(slice)
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict (city_id, cell, slice) do update set content = null where service_request_pack.content is not null;
    return null;
end
$body$;

create trigger service_request_delta_stale_packs
    after delete on service_request_delta referencing old table as taken
    for each statement execute function public.stale_packs();

alter table city add column packed_at timestamptz(3);
update city c set packed_at = now() where not exists (select from service_request r where r.city_id = c.id);
alter table city alter column packed_at set default now();

comment on column city.packed_at is 'Null while a cell and slice with requests may have no row in service_request_pack.';
