-- Compares the blocks with what they must hold: how many exist or should exist, how many differ, and the first $2 of those. Stale blocks
-- and those with uncompacted changes are left out, as by readers.
with stored as materialized (
    select k.cell, k.slice, k.content
    from service_request_pack k
    where k.city_id = $1 and k.content is not null
      and (k.cell, k.slice) not in (
          select d.cell, s.slice
          from (select distinct d.cell, d.day from service_request_delta d where d.city_id = $1 and d.cell is not null) d
          cross join lateral public.pack_slices(d.day) s(slice))
), packs as materialized (
    select cell, slice from stored
), expected as (
{block_rows}
), compared as materialized (
    select e.cell, e.slice, length(e.content) / 36 as requests, length(s.content) / 36 as packed, e.content <> s.content as differs
    from expected e
    join stored s using (cell, slice)
    union all
    select m.cell, m.slice, m.requests::integer, 0, true
    from (
        select r.cell_16 as cell, (r.id >> 53)::smallint as slice, count(*) as requests
        from service_request r
        where r.city_id = $1 and r.cell_16 is not null
        group by 1, 2
    ) m
    where not exists (select from service_request_pack k where k.city_id = $1 and k.cell = m.cell and k.slice = m.slice)
      and not exists (select from service_request_delta d, public.pack_slices(d.day) s where d.city_id = $1 and d.cell = m.cell and s = m.slice)
)
select total.packs, total.differing, d.cell, d.slice, d.requests, d.packed
from (select count(*) as packs, count(*) filter (where differs) as differing from compared) total
left join lateral (
    select * from compared where differs order by cell, slice limit $2
) d on true
