    -- The blocks `packs` of $1, packed from the requests as they are now. A block without requests has an empty content.
    select p.cell, p.slice, coalesce((
        select string_agg(
            int8send(r.id) || float8send(public.st_x(r.location)) || float8send(public.st_y(r.location))
            || int4send(public.pack_status(r.status)) || int4send(r.category_id) || int4send(coalesce(r.agency_id, 0)),
            ''::bytea order by r.id)
        from service_request r
        where r.city_id = $1 and r.cell_16 = p.cell and r.id >= p.slice::bigint << 53 and r.id <= p.slice::bigint << 53 | 9007199254740991
    ), ''::bytea) as content
    from packs p
