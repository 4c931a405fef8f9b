-- Keys of requests, evenly spaced from the oldest to the newest.
select min(id) from (select id, ntile($2) over (order by id) as part from public.service_request where city_id = $1) r group by part order by part
