-- The history row of a changed status or of a note, unless the request is removed or the source states the history itself. Its id follows
-- that of the last row, even within a millisecond: sources without times of change report several changes at the same moment.
insert into public.status_update (city_id, service_request_id, id, status, source_status, note, created_at)
select {city}, c.id,
       greatest(public.id_floor(c.told_at) | 2097152,
                (select max(u.id) + 1 from public.status_update u where u.city_id = {city} and u.service_request_id = c.id)),
       c.status, c.source_status, c.note, c.told_at
from changed c
where c.status is not null and (c.status <> c.old_status or c.note is not null) and not c.is_history_stated
