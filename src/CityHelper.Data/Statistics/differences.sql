-- Compares the counters with what they must be: how many exist on either side, how many differ, and the first $2 of those.
with compared as materialized (
    select zoom, span, cell, period, category_id, agency_id, status, null::smallint as bucket, d.requests as expected, c.requests as counted,
           (d.requests, d.longitude, d.latitude) is distinct from (c.requests, c.longitude, c.latitude) as differs
    from (select * from service_request_count where city_id = $1) c
    full join (
{count_changes}
    ) d using (zoom, span, cell, period, category_id, agency_id, status)
    union all
    select zoom, span, cell, period, category_id, agency_id, status, bucket, d.requests, c.requests, d.requests is distinct from c.requests
    from (select * from service_request_closing_count where city_id = $1) c
    full join (
{closing_changes}
    ) d using (zoom, span, cell, period, category_id, agency_id, status, bucket)
)
select total.counters, total.differing, d.zoom, d.span::text, d.cell, d.period, d.category_id, d.agency_id, d.status::text, d.bucket,
       coalesce(d.expected, 0), coalesce(d.counted, 0)
from (select count(*) as counters, count(*) filter (where differs) as differing from compared) total
left join lateral (
    select * from compared where differs order by zoom, span, cell, period, category_id, agency_id, status, bucket limit $2
) d on true
