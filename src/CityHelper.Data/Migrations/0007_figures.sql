-- Indexes for figures of areas: docs/decisions/0007-areas-and-figures.md.

-- The rows of an area's rim are judged one by one: with the point, and the moment of closing, no row of the table is read for it.
-- A viewport of 20,000 rows is counted in 8 ms instead of 30. Named, because the names that PostgreSQL would give are those of the indexes replaced.
create index service_request_cell_16_idx on service_request (city_id, cell_16, id desc) include (status, category_id, agency_id, location, closed_at);

-- Times until closing over a third of a city and a time that no counter has: from the index alone.
create index service_request_cell_14_idx on service_request (city_id, cell_14, id desc) include (status, category_id, agency_id, closed_at);

-- What is open and when it is due: few rows beside all. The list of the open ones is that of the statements.
create index on service_request (city_id, due_at) include (id, status, category_id, agency_id, location)
    where status in ('OPEN', 'ASSIGNED', 'IN_PROGRESS', 'PENDING');

-- Last: readers wait from here on to the end of the script. Before the builds they would wait for all of them.
drop index service_request_city_id_cell_16_id_status_category_id_agenc_idx;
drop index service_request_city_id_cell_14_id_status_category_id_agenc_idx;
