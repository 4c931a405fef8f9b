-- The values of columns with few distinct values, with the number of rows that have each, most frequent first.
select 'category', c.id::text, c.code, count(r.id)
from public.category c left join public.service_request r on r.city_id = $1 and r.category_id = c.id
where c.city_id = $1 group by c.id, c.code
union all
select 'agency', a.id::text, a.code, count(r.id)
from public.agency a left join public.service_request r on r.city_id = $1 and r.agency_id = a.id
where a.city_id = $1 group by a.id, a.code
union all
select 'status', s.status::text, s.status::text, count(r.id)
from unnest(enum_range(null::public.service_request_status)) s(status)
left join public.service_request r on r.city_id = $1 and r.status = s.status
group by s.status
union all
select 'kind', b.kind, b.kind, count(*) from public.boundary b where b.city_id = $1 group by b.kind
order by 1, 4 desc, 3
