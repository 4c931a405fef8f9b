-- Requests that stand out, by name; of equals, the one with the smaller key.
with hot as (
    select location from public.service_request where city_id = $1 and location is not null
    group by location order by count(*) desc, st_x(location), st_y(location) limit 1
), changed as (
    select service_request_id as id from public.status_update where city_id = $1 group by 1 order by count(*) desc, 1 limit 1
), named as (
    select 'newest' as name, max(id) as id from public.service_request where city_id = $1
    union all
    select 'oldest', min(id) from public.service_request where city_id = $1
    union all
    select 'most changed', id from changed
    union all
    select 'most repeated', max(r.id) from public.service_request r join hot on r.location = hot.location where r.city_id = $1
)
select n.name, r.id, r.external_id, st_x(r.location), st_y(r.location), to_jsonb(r) - 'location' - 'content_hash'
from named n join public.service_request r on r.city_id = $1 and r.id = n.id
