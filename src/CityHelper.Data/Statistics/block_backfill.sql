-- Rebuilds $2 stale blocks. One statement, and so one snapshot.
with packs as materialized (
    select s.cell, s.slice from service_request_pack s where s.city_id = $1 and s.content is null order by s.cell, s.slice limit $2
), packed as materialized (
{block_rows}
)
update service_request_pack k
set content = packed.content
from packed
where k.city_id = $1 and k.cell = packed.cell and k.slice = packed.slice
