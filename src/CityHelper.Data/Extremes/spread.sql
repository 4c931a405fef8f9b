-- Keys from the oldest request to the newest, evenly apart.
select min(id) from (select id, ntile($2) over (order by id) as part from public.service_request where city_id = $1) r group by part order by part
