-- Deletes the months of boundaries that the session's changes touch. Rows and deltas do not name their boundaries, so the tiles around a
-- boundary decide: they find too many months, never too few. With more than $2 changes the months alone decide, and readers use cells until
-- all is recounted. Servers may hold a previous geometry for a second: its months are deleted whatever the current tiles are.
with changed as materialized (
    select distinct case when (select count(*) from pg_temp.counter_change) > $2 then null else cell end as cell,
           date_trunc('month', day::timestamp)::date as period
    from pg_temp.counter_change
    where cell is not null
), tiles as materialized (
    select b.id, b.revision,
           (box.first >> 29) & 536870911 as west, (box.last >> 29) & 536870911 as east, box.first & 536870911 as north, box.last & 536870911 as south
    from boundary b
    cross join lateral public.boundary_cells(b.bounds) box
    where b.city_id = $1
), touched as materialized (
    select t.id as boundary_id, c.period
    from changed c
    join tiles t on c.cell is null or (((c.cell >> 29) & 536870911) between t.west and t.east and (c.cell & 536870911) between t.north and t.south)
    union
    select m.boundary_id, m.period
    from service_request_boundary_month m
    where m.city_id = $1 and m.period in (select c.period from changed c)
      and not exists (select from tiles t where t.id = m.boundary_id and t.revision = m.revision)
), gone as (
    delete from service_request_boundary_month m
    using touched t
    where m.city_id = $1 and m.boundary_id = t.boundary_id and m.period = t.period
    returning m.boundary_id, m.period
), counts as (
    delete from service_request_boundary_count c
    using gone g
    where c.city_id = $1 and c.boundary_id = g.boundary_id and c.period = g.period
)
-- A boundary import holds the row for seconds; it is skipped then, and the import's new revision has the same effect.
update boundary_revision r
set has_gaps = true, counted_revision = case when exists (select from changed where cell is null) then 0 else r.counted_revision end
from (select city_id from boundary_revision where city_id = $1 for update skip locked) free
where r.city_id = free.city_id and exists (select from changed)
  and (not r.has_gaps or (r.counted_revision <> 0 and exists (select from changed where cell is null)))
