-- Indexes for everything that can be asked of the rows: docs/decisions/0005-access-forms.md.

-- A filter on the agency reads no row either.
create index on service_request (city_id, cell_12, id desc) include (status, category_id, agency_id);
create index on service_request (city_id, cell_14, id desc) include (status, category_id, agency_id);
create index on service_request (city_id, cell_16, id desc) include (status, category_id, agency_id);

-- The walk of a rare category, or of what is still open: with the point in the index, the exact test of an area reads no row.
create index on service_request (city_id, category_id, id desc) include (status, location);
create index on service_request (city_id, status, id desc) include (category_id, agency_id, location);
create index on service_request (city_id, agency_id, id desc) include (status, category_id);

-- The lately changed.
create index on service_request (city_id, updated_at desc, id desc) include (status, category_id, agency_id);

-- Last: readers wait from here on to the end of the script.
drop index service_request_city_id_cell_12_id_status_category_id_idx;
drop index service_request_city_id_cell_14_id_status_category_id_idx;
drop index service_request_city_id_cell_16_id_status_category_id_idx;
drop index service_request_city_id_category_id_id_idx;
drop index service_request_city_id_status_id_idx;
