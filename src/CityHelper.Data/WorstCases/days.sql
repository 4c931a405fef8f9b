-- The first and the last creation time, and the hour with the most requests.
select min(created_at), max(created_at),
       (select date_trunc('hour', created_at) from public.service_request where city_id = $1 group by 1 order by count(*) desc, 1 limit 1)
from public.service_request where city_id = $1
