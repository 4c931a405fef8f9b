-- The boundaries of the city with a month that is not counted, or was counted by a previous geometry.
with months as materialized (
{boundary_all_months}
)
select b.id
from boundary b
where b.city_id = $1 and b.is_counted and (select count(*) from months) > (
    select count(*) from service_request_boundary_month m join months using (period)
    where m.city_id = $1 and m.boundary_id = b.id and m.revision = b.revision)
order by b.id
