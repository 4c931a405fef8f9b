-- Puts the rows of one batch, after ($2, $3) up to ($4, $5) in the order of ids, into the session's import_batch: one row per key. A key
-- that occurs several times in the batch takes part in as many rounds ($6), so that a later row finds what the earlier one left. The scalar
-- subquery is an index lookup per row, whatever the planner thinks of the size of the table.
with page as materialized (
    select s.number, s.external_id, s.id, row_number() over (partition by s.external_id order by s.id, s.number) as round
    from (
        select number, external_id, id
        from {staged}
        where (id, number) > ($2, $3) and (id, number) <= ($4, $5)
    ) s
), taken as (
    insert into pg_temp.import_batch (number, external_id, wanted_id, id, known)
    select p.number, p.external_id, p.id, coalesce(p.known_id, p.id), p.known_id is not null
    from (
        select page.*, (
            select e.service_request_id
            from service_request_external_id e
            where e.city_id = $1 and e.external_id = page.external_id) as known_id
        from page
        where page.round = $6
    ) p
    returning known
)
select (select count(*) from page)::int,
       (select count(*) from taken)::int,
       (select count(*) from taken where not known)::int,
       coalesce((select max(round) from page), 0)::int,
       (select min(id) from page),
       (select max(id) from page)
