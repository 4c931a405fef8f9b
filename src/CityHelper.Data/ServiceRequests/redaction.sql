-- The event of a redaction: it tells what was shown where, in cells, and nothing else of the request.
insert into public.change_outbox (city_id, event_id, kind, is_urgent, cause, service_request_id, version, cells)
select {city}, public.uuid_v7(), 'redaction', true, {cause}, c.id, c.version, array_remove(array[public.cell_parent(c.old_cell, 14)], null)
from {changes} c
