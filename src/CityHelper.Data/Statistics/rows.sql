-- Copies all requests of the city into the session's counter_change, as if each were counted for the first time.
insert into pg_temp.counter_change (day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude)
select (r.created_at at time zone (select time_zone from city where id = $1))::date as day, r.cell_16, r.category_id, coalesce(r.agency_id, 0), r.status,
       public.closing_bucket(r.created_at, r.closed_at) as bucket, 1,
       coalesce(public.degrees_e7(public.st_x(r.location)), 0), coalesce(public.degrees_e7(public.st_y(r.location)), 0)
from service_request r
where r.city_id = $1
