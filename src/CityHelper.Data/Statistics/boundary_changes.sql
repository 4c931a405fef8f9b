-- Months of boundaries that the session's changes touch are counted no longer: rows and deltas do not say in which boundaries they lie, so the
-- tiles around a boundary decide, which finds too many and none too few. Of more than $2 changes their months decide alone.
with changed as materialized (
    select distinct case when (select count(*) from pg_temp.counter_change) > $2 then null else cell end as cell,
           date_trunc('month', day::timestamp)::date as period
    from pg_temp.counter_change
    where cell is not null
), tiles as materialized (
    select b.id, (box.first >> 29) & 536870911 as west, (box.last >> 29) & 536870911 as east, box.first & 536870911 as north, box.last & 536870911 as south
    from boundary b
    cross join lateral (
        select public.cell(public.st_setsrid(public.st_makepoint(public.st_xmin(b.bounds) - 1e-9, public.st_ymax(b.bounds) + 1e-9), 4326), 16) as first,
               public.cell(public.st_setsrid(public.st_makepoint(public.st_xmax(b.bounds) + 1e-9, public.st_ymin(b.bounds) - 1e-9), 4326), 16) as last
    ) box
    where b.city_id = $1
), gone as (
    delete from service_request_boundary_month m
    using tiles t
    where m.city_id = $1 and m.boundary_id = t.id and exists (
        select from changed c
        where c.period = m.period
          and (c.cell is null or (((c.cell >> 29) & 536870911) between t.west and t.east and (c.cell & 536870911) between t.north and t.south)))
    returning m.boundary_id, m.period
), counts as (
    delete from service_request_boundary_count c
    using gone g
    where c.city_id = $1 and c.boundary_id = g.boundary_id and c.period = g.period
)
update boundary_revision set has_gaps = true where city_id = $1 and not has_gaps and exists (select from changed)
