-- Keeps the changes of a round for the events of the batch: one more than the batch may have events, which is enough to know that it has
-- too many.
insert into pg_temp.import_change (
    round, id, version, old_status, old_category_id, old_agency_id, old_location, status, category_id, agency_id, location)
select {round}, c.id, c.version, c.old_status, c.old_category_id, c.old_agency_id, c.old_location,
       c.status, c.category_id, c.agency_id, c.location
from changed c
limit {rows}
