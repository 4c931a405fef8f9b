-- The agency beside the category: docs/decisions/0005-access-forms.md.

-- The categories of a city with the newest requests of one agency in each, and requests by category of one agency: most categories are one agency's, so all
-- requests of the others are looked at. Without the agency in the index each is a row of the table (100,000 buffers for 200,000 requests instead of 2,000).
create index service_request_category_id_idx on service_request (city_id, category_id, id desc) include (status, agency_id, location);

-- Last: readers wait from here on to the end of the script.
drop index service_request_city_id_category_id_id_status_location_idx;
