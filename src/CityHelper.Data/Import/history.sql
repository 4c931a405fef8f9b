-- The status changes that the source has for new requests.
insert into status_update (city_id, service_request_id, id, status, note, created_at)
select $1, b.id, h.id, h.status, h.note, public.id_time(h.id)
from pg_temp.import_batch b
join {staged} s on s.id = b.wanted_id and s.number = b.number
cross join lateral unnest(s.history_id, s.history_status, s.history_note) as h(id, status, note)
where not b.known and s.id between $2 and $3
order by b.id, h.id
on conflict do nothing
