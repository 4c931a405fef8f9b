-- Deltas that are not compacted yet, negated: added to all rows, they leave what the counters must hold.
insert into pg_temp.counter_change (day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude)
select day, cell, category_id, agency_id, status, bucket, -requests, -longitude, -latitude
from service_request_delta
where city_id = $1
