-- Moves the oldest $2 visible deltas into the session's counter_change. One statement, so that the deleted deltas are those that are
-- counted: one that is committed meanwhile may have a smaller id, and stays for the next compaction.
with taken as (
    delete from service_request_delta d
    where d.city_id = $1
      and d.id <= (select max(first.id) from (select id from service_request_delta where city_id = $1 order by id limit $2) first)
    returning d.day, d.cell, d.category_id, d.agency_id, d.status, d.bucket, d.requests, d.longitude, d.latitude
)
insert into pg_temp.counter_change (day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude)
select day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude from taken
