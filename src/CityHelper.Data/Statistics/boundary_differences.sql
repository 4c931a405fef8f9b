-- Compares the counted months of a boundary ($2) with its requests: how many counters exist on either side, how many differ, and the first
-- $3. Months with uncompacted changes are left out, as by readers. Months of a previous geometry are left out too: nobody reads them.
with months as materialized (
    select m.period, m.low, m.high
    from service_request_boundary_month m
    join boundary b on b.city_id = m.city_id and b.id = m.boundary_id and b.revision = m.revision
    where m.city_id = $1 and m.boundary_id = $2
      and m.period not in (select date_trunc('month', d.day::timestamp)::date from service_request_delta d where d.city_id = $1 and d.cell is not null)
), compared as materialized (
    select period, category_id, agency_id, status, coalesce(r.requests, 0) as expected, coalesce(c.requests, 0) as counted
    from (
        select c.period, c.category_id, c.agency_id, c.status, c.requests
        from service_request_boundary_count c
        join months using (period)
        where c.city_id = $1 and c.boundary_id = $2
    ) c
    full join (
{boundary_rows}
    ) r using (period, category_id, agency_id, status)
)
select total.counters, total.differing, d.period, d.category_id, d.agency_id, d.status::text, d.expected, d.counted
from (select count(*) as counters, count(*) filter (where expected <> counted) as differing from compared) total
left join lateral (
    select * from compared where expected <> counted order by period, category_id, agency_id, status limit $3
) d on true
