-- One step of the linear probe: new rows whose id belongs to another request, or to an earlier row of the batch, try the next of the 2^21
-- ids of their millisecond. Repeated until no row moves. The smaller key keeps the id, so that the same file finds the same ids.
update pg_temp.import_batch b
set id = (b.id & ~2097151::bigint) | ((b.id + 1) & 2097151)
where not b.known
  and (exists (select from service_request r where r.city_id = $1 and r.id = b.id)
       or exists (
           select from pg_temp.import_batch o
           where o.id = b.id and not o.known and o.external_id < b.external_id))
