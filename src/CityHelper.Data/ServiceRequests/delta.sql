-- What a change does to the counters: subtracts what was counted and adds what counts now, where they differ. Not aggregated: of 20,000
-- new requests hardly two have the same day, cell, category and time to close.
insert into public.service_request_delta (city_id, day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude)
select {city}, (c.created_at at time zone (select time_zone from public.city where id = {city}))::date, state.cell, state.category_id,
       coalesce(state.agency_id, 0), state.status, public.closing_bucket(c.created_at, state.closed_at), state.sign,
       coalesce(state.sign * public.degrees_e7(public.st_x(state.location)), 0),
       coalesce(state.sign * public.degrees_e7(public.st_y(state.location)), 0)
from changed c
cross join lateral (values
    (-1, c.old_status, c.old_category_id, c.old_agency_id, c.old_closed_at, c.old_location, c.old_cell),
    (1, c.status, c.category_id, c.agency_id, c.closed_at, c.location, c.cell))
    as state(sign, status, category_id, agency_id, closed_at, location, cell)
where state.status is not null
  and (c.old_status, c.old_category_id, c.old_agency_id, c.old_closed_at, c.old_location)
      is distinct from (c.status, c.category_id, c.agency_id, c.closed_at, c.location)
