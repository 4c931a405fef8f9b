-- Adds a row for each cell and id bucket with requests. Existing rows stay as they are.
insert into service_request_pack (city_id, cell, slice)
select distinct $1, r.cell_16, (r.id >> 53)::smallint
from service_request r
where r.city_id = $1 and r.cell_16 is not null
on conflict do nothing
