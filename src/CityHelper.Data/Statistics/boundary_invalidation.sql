-- Deletes the months of the city's boundaries that were counted by a previous geometry, or whose boundary no longer exists.
with gone as (
    delete from service_request_boundary_month m
    where m.city_id = $1 and not exists (select from boundary b where b.city_id = $1 and b.id = m.boundary_id and b.revision = m.revision)
    returning m.boundary_id, m.period
)
delete from service_request_boundary_count c
using gone g
where c.city_id = $1 and c.boundary_id = g.boundary_id and c.period = g.period
