-- Counters of boundaries by month: docs/decisions/0013-counters-of-boundaries.md.

-- A month of a boundary that is counted. It goes when a change of its requests is folded into the other counters, and comes back with the next fill.
create table service_request_boundary_month (
    city_id     smallint not null,
    boundary_id integer not null,
    period      date not null,
    revision    bigint not null,
    low         bigint not null,
    high        bigint not null,
    primary key (city_id, boundary_id, period)
) with (autovacuum_vacuum_scale_factor = 0.05);

comment on column service_request_boundary_month.period is 'Its first day.';
comment on column service_request_boundary_month.revision is 'That of the boundary whose shape was counted; readers that hold another shape must not use it.';
comment on column service_request_boundary_month.low is 'The smallest id of its first moment in the city''s time zone.';
comment on column service_request_boundary_month.high is 'The smallest id of the moment after it.';

-- How many requests lie in it, edges included. Rows stand beside a month above, or nobody reads them.
create table service_request_boundary_count (
    city_id     smallint not null,
    boundary_id integer not null,
    period      date not null,
    category_id integer not null,
    agency_id   integer not null,
    status      service_request_status not null,
    requests    integer not null,
    primary key (city_id, boundary_id, period, category_id, agency_id, status) include (requests)
) with (autovacuum_vacuum_scale_factor = 0.05);

comment on column service_request_boundary_count.agency_id is '0: no agency.';

-- The first and the last cell of zoom 16 around a shape, north-west and south-east; larger by 0.1 mm, so that no rounding matters.
create function public.boundary_cells(shape geometry, out first bigint, out last bigint)
    immutable strict parallel safe language sql as
$body$
    select public.cell(public.st_setsrid(public.st_makepoint(public.st_xmin(shape) - 1e-9, public.st_ymax(shape) + 1e-9), 4326), 16),
           public.cell(public.st_setsrid(public.st_makepoint(public.st_xmax(shape) + 1e-9, public.st_ymin(shape) - 1e-9), 4326), 16)
$body$;

-- How many cells of zoom 16 its rectangle has.
create function public.boundary_cell_count(shape geometry) returns bigint
    immutable strict parallel safe language sql as
$body$
    select (((c.last >> 29) & 536870911) - ((c.first >> 29) & 536870911) + 1) * ((c.last & 536870911) - (c.first & 536870911) + 1)
    from public.boundary_cells(shape) c
$body$;

-- New York's rectangle has 21,000 cells, Los Angeles County's 60,000. A state, which may touch a city too, has millions, and each would be looked at for
-- every month that changes.
alter table boundary add column is_counted boolean not null generated always as (public.boundary_cell_count(geometry) <= 100000) stored;

comment on column boundary.is_counted is 'Whether its requests are counted by month: it is not much larger than a city.';

alter table boundary_revision
    add column counted_revision bigint not null default 0,
    add column has_gaps boolean not null default true;

comment on column boundary_revision.counted_revision is 'The revision of which all months were counted; 0 before the first, and after changes of very many requests.';
comment on column boundary_revision.has_gaps is 'Whether a month may be missing: a fold saw a change since the last fill.';

-- As in 0005, but a request that moves leaves a delta even if its cell and the sum of its degrees stay: it may have left a boundary.
create or replace function public.append_service_request_delta(before public.service_request, after public.service_request) returns void
    volatile language sql as
$body$
    insert into public.service_request_delta (city_id, day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude)
    select city_id, day, cell, category_id, agency_id, status, bucket, sum(sign), sum(sign * longitude), sum(sign * latitude)
    from (
        select (s.r).city_id, ((s.r).created_at at time zone c.time_zone)::date as day, (s.r).cell_16 as cell, (s.r).category_id,
               coalesce((s.r).agency_id, 0) as agency_id, (s.r).status, public.closing_bucket((s.r).created_at, (s.r).closed_at) as bucket, s.sign,
               coalesce(public.degrees_e7(public.st_x((s.r).location)), 0) as longitude,
               coalesce(public.degrees_e7(public.st_y((s.r).location)), 0) as latitude
        from (values (before, -1), (after, 1)) s(r, sign)
        join public.city c on c.id = (s.r).city_id
    ) state
    group by city_id, day, cell, category_id, agency_id, status, bucket
    having sum(sign) <> 0 or (before).location is distinct from (after).location
$body$;
