-- Packs that the session's changes touch must be packed anew. A change tells its day and not its id, so both slices that a day may lie in go.
insert into service_request_pack (city_id, cell, slice)
select $1, c.cell, s.slice
from (select distinct cell, day from pg_temp.counter_change where cell is not null) c
cross join lateral public.pack_slices(c.day) s(slice)
group by 2, 3
order by 2, 3
on conflict (city_id, cell, slice) do update set content = null where service_request_pack.content is not null
