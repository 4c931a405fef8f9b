-- Changes one request, which the transaction has locked and read ($1, $2), to the values of $3 to $17, and returns the event's id. `known`
-- reads the row as the lock left it.
with known as materialized (
    select r.* from service_request r where r.city_id = $1 and r.id = $2
), changed as (
    update service_request r
    set status = $3,
        category_id = $4,
        agency_id = $5,
        title = $6,
        description = $7,
        address = $8,
        postal_code = case when $14::timestamptz is null then r.postal_code end,
        district = case when $14::timestamptz is null then r.district end,
        location = $9,
        closed_at = $10,
        resolution = $11,
        external_id = $12,
        duplicate_of = $13,
        redacted_at = $14,
        updated_at = {updated_at},
        version = {version},
        revised_at = case when $17 then coalesce(k.revised_at, k.updated_at) end,
        content_hash = null
    from known k
    where r.city_id = $1 and r.id = $2
    returning r.id, r.created_at, r.version, $15::timestamptz as told_at, null::text as source_status, $16::text as note, false as is_history_stated,
              k.status as old_status, k.category_id as old_category_id, k.agency_id as old_agency_id, k.closed_at as old_closed_at,
              k.location as old_location, k.cell_16 as old_cell,
              r.status, r.category_id, r.agency_id, r.closed_at, r.location, r.cell_16 as cell
), counted as (
    {delta}
), told as (
    {history}
)
{event}
returning event_id
