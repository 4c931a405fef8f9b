-- Counts uncounted months of a boundary ($2), the newest first and at most $3. One statement, so one snapshot of requests and geometry.
with shape as (
    select b.revision from boundary b where b.city_id = $1 and b.id = $2 and b.is_counted
), months as materialized (
    select m.*
    from (
{boundary_all_months}
    ) m
    cross join shape
    where not exists (select from service_request_boundary_month k where k.city_id = $1 and k.boundary_id = $2 and k.period = m.period)
    order by m.period desc
    limit $3
), counted as (
    insert into service_request_boundary_count (city_id, boundary_id, period, category_id, agency_id, status, requests)
    select $1, $2, r.* from (
{boundary_rows}
    ) r
)
insert into service_request_boundary_month (city_id, boundary_id, period, revision, low, high)
select $1, $2, m.period, shape.revision, m.low, m.high from months m cross join shape
