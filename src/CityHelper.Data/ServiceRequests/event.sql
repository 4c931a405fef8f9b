-- The event of each change. Its id is drawn here, when the rows are locked and changed: drawn before, the order of events could differ from
-- the order of the changes.
insert into public.change_outbox (
    city_id, event_id, kind, cause, service_request_id, version,
    old_status, old_category_id, old_agency_id, old_location, status, category_id, agency_id, location)
select {city}, public.uuid_v7(), 'request', {cause}, c.id, c.version,
       c.old_status, c.old_category_id, c.old_agency_id, c.old_location, c.status, c.category_id, c.agency_id, c.location
from {changes} c
order by c.id
