-- Adds the changes to the counters and deletes those that become zero. Compaction holds its lock: no other session writes the counters.
merge into service_request_count c
using (
{count_changes}
) d
on c.city_id = $1 and c.zoom = d.zoom and c.span = d.span and c.cell = d.cell and c.period = d.period and c.category_id = d.category_id
   and c.agency_id = d.agency_id and c.status = d.status
when matched and c.requests + d.requests = 0 and c.longitude + d.longitude = 0 and c.latitude + d.latitude = 0 then
    delete
when matched then
    update set requests = c.requests + d.requests, longitude = c.longitude + d.longitude, latitude = c.latitude + d.latitude
when not matched then
    insert (city_id, zoom, span, cell, period, category_id, agency_id, status, requests, longitude, latitude)
    values ($1, d.zoom, d.span, d.cell, d.period, d.category_id, d.agency_id, d.status, d.requests, d.longitude, d.latitude)
