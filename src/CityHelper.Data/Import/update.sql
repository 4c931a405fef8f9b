-- Updates known requests for which the batch has something newer: a later change or, at the same time, other content (what a link left
-- without a hash was never imported, and differs). $4 names the columns
-- that the file has; the others keep their values. id, created_at and with them the partition never change. No change is older than its
-- request: two in five of the portal's rows were "updated" at the midnight before they were created. `offset 0` and the lateral join make
-- one index lookup per known row. Rows are locked in the order of their ids, as merges of duplicates lock theirs: else each could wait for
-- the other.
with suspected as materialized (
    select s.*, b.id as request_id
    from pg_temp.import_batch b
    join {staged} s on s.id = b.wanted_id and s.number = b.number
    cross join lateral (
        select r.created_at, r.updated_at, r.revised_at, r.content_hash
        from service_request r
        where r.city_id = $1 and r.id = b.id
        offset 0) r
    where b.known and s.id between $2 and $3
      and (greatest(coalesce(s.changed_at, r.created_at), r.created_at) > coalesce(r.revised_at, r.updated_at)
           or (greatest(coalesce(s.changed_at, r.created_at), r.created_at) = coalesce(r.revised_at, r.updated_at)
               and (s.content_hash <> r.content_hash or r.content_hash is null and r.revised_at is not null)))
    order by b.id
), newer as materialized (
    -- Checked again on the locked row, as its last writer left it: the deltas below must subtract exactly what that writer added.
    select s.*,
           greatest(coalesce(s.changed_at, r.created_at), r.created_at) as told_at,
           r.status as known_status,
           r.category_id as known_category_id,
           r.agency_id as known_agency_id,
           r.closed_at as known_closed_at,
           r.location as known_location,
           r.cell_16 as known_cell,
           case when s.created_at <> r.created_at then s.created_at end as new_source_created_at,
           r.source_created_at as known_source_created_at,
           r.redacted_at is not null as is_redacted,
           case when s.status_stated then s.status
                -- Derived from the closing date only: a change only when the closing is new.
                when s.closed_at is not null and r.closed_at is null and r.status not in ('RESOLVED', 'CANCELLED', 'DUPLICATE')
                    then 'CLOSED'
                else r.status end as new_status
    from suspected s
    cross join lateral (
        select r.status, r.category_id, r.agency_id, r.created_at, r.updated_at, r.revised_at, r.closed_at, r.location, r.cell_16,
               r.source_created_at, r.redacted_at, r.content_hash
        from service_request r
        where r.city_id = $1 and r.id = s.request_id
        for no key update) r
    where greatest(coalesce(s.changed_at, r.created_at), r.created_at) > coalesce(r.revised_at, r.updated_at)
       or (greatest(coalesce(s.changed_at, r.created_at), r.created_at) = coalesce(r.revised_at, r.updated_at)
           and (s.content_hash <> r.content_hash or r.content_hash is null and r.revised_at is not null))
), changed as (
    -- What a redacted request lost stays lost: nothing of the source's words and places comes back. Only a duplicate names another
    -- request.
    update service_request r
    set status = n.new_status,
        updated_at = {updated_at},
        version = {version},
        revised_at = case when n.told_at <= r.updated_at then n.told_at end,
        source_created_at = n.new_source_created_at,
        duplicate_of = case when n.new_status = 'DUPLICATE' then r.duplicate_of end,
        content_hash = n.content_hash,
        category_id = case when 'category_id' = any ($4) then n.category_id else r.category_id end,
        agency_id = case when 'agency_id' = any ($4) then n.agency_id else r.agency_id end,
        source_status = case when 'source_status' = any ($4) then n.source_status else r.source_status end,
        title = case when 'title' = any ($4) and r.redacted_at is null then n.title else r.title end,
        description = case when 'description' = any ($4) and r.redacted_at is null then n.description else r.description end,
        address = case when 'address' = any ($4) and r.redacted_at is null then n.address else r.address end,
        postal_code = case when 'postal_code' = any ($4) and r.redacted_at is null then n.postal_code else r.postal_code end,
        district = case when 'district' = any ($4) and r.redacted_at is null then n.district else r.district end,
        channel = case when 'channel' = any ($4) then n.channel else r.channel end,
        location = case when 'location' = any ($4) and r.redacted_at is null
            then public.st_setsrid(public.st_makepoint(n.longitude, n.latitude), 4326) else r.location end,
        due_at = case when 'due_at' = any ($4) then n.due_at else r.due_at end,
        -- A request that has ended has a closing time. An empty one takes it away only together with the status.
        closed_at = case
            when 'closed_at' = any ($4)
                and (n.closed_at is not null or n.status_stated or n.new_status not in ('CLOSED', 'CANCELLED', 'DUPLICATE'))
                then n.closed_at
            else r.closed_at end,
        resolution = case when 'resolution' = any ($4) and r.redacted_at is null then n.resolution else r.resolution end
    from newer n
    where r.city_id = $1 and r.id = n.request_id
    returning r.id, r.created_at, r.version, n.told_at, n.source_status, null::text as note, n.history_id is not null as is_history_stated,
              n.known_status as old_status, n.known_category_id as old_category_id, n.known_agency_id as old_agency_id,
              n.known_closed_at as old_closed_at, n.known_location as old_location, n.known_cell as old_cell,
              r.status, r.category_id, r.agency_id, r.closed_at, r.location, r.cell_16 as cell
), counted as (
    {delta}
), collected as (
    {collect}
), located as (
    {locate}
), told as (
    {history}
), stated as (
    -- Changes that the source lists are used as they are. Not joined with `changed`: without hash joins that compares all rows with all.
    insert into status_update (city_id, service_request_id, id, status, source_status, note, created_at)
    select $1, n.request_id, h.id, h.status, null, case when not n.is_redacted then h.note end, public.id_time(h.id)
    from newer n
    cross join lateral unnest(n.history_id, n.history_status, n.history_note) as h(id, status, note)
    on conflict do nothing
)
select count(*)::int,
       (count(*) filter (where new_source_created_at is distinct from known_source_created_at))::int,
       coalesce(array_agg(distinct extract(year from public.id_time(request_id) at time zone 'UTC')::int), '{}')
from newer
