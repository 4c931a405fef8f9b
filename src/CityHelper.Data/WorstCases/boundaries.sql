-- The largest boundary, and the one with the most vertices.
(select 'largest', id, code, name from public.boundary where city_id = $1 order by st_area(geometry) desc, id limit 1)
union all
(select 'most winding', id, code, name from public.boundary where city_id = $1 order by st_npoints(geometry) desc, id limit 1)
