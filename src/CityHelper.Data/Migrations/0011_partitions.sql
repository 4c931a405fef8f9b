-- Partitions get a schema of their own and are named by their city's id: service_request_1, service_request_1_2026. By its slug a city `count` would have been the
-- table of counters, and a city `nyc-2026` a year of the city `nyc`.
create schema partitions;

do $body$
declare
    part record;
begin
    for part in
        select c.relname, c.relnamespace::regnamespace::text as schema, root.name || '_' || (regexp_match(pg_get_expr(city.relpartbound, city.oid), '\d+'))[1]
            || case when t.level = 2
                    -- The lower bound is the year's first id.
                    then '_' || extract(year from public.id_time((regexp_match(pg_get_expr(c.relpartbound, c.oid), '-?\d+'))[1]::bigint) at time zone 'UTC')::text
                    else '' end as name
        from (values ('service_request'), ('status_update')) root (name)
        cross join lateral pg_partition_tree(('public.' || root.name)::regclass) t
        join pg_class c on c.oid = t.relid
        join pg_class city on city.oid = case t.level when 1 then t.relid else t.parentrelid end
        where t.level in (1, 2)
    loop
        execute format('alter table %I.%I set schema partitions', part.schema, part.relname);
        execute format('alter table partitions.%I rename to %I', part.relname, part.name);
    end loop;
end
$body$;
