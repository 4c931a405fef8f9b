-- As count_merge.sql, for closed requests.
merge into service_request_closing_count c
using (
{closing_changes}
) d
on c.city_id = $1 and c.zoom = d.zoom and c.span = d.span and c.cell = d.cell and c.period = d.period and c.category_id = d.category_id
   and c.agency_id = d.agency_id and c.status = d.status and c.bucket = d.bucket
when matched and c.requests + d.requests = 0 then
    delete
when matched then
    update set requests = c.requests + d.requests
when not matched then
    insert (city_id, zoom, span, cell, period, category_id, agency_id, status, bucket, requests)
    values ($1, d.zoom, d.span, d.cell, d.period, d.category_id, d.agency_id, d.status, d.bucket, d.requests)
