    -- For a boundary ($2) and the rows of `months`: tests each request in the cells around its pieces against the whole geometry, by the
    -- readers' rule. The geometry is passed on as stored, so that PostGIS unpacks it once and not for each request.
    select m.period, s.category_id, coalesce(s.agency_id, 0) as agency_id, s.status, count(*)::integer as requests
    from boundary b
    cross join (
        select distinct (16::bigint << 58) | (x.n << 29) | y.n as cell
        from boundary_part p
        cross join lateral public.boundary_cells(p.geometry) box
        cross join lateral generate_series((box.first >> 29) & 536870911, (box.last >> 29) & 536870911) x(n)
        cross join lateral generate_series(box.first & 536870911, box.last & 536870911) y(n)
        where p.city_id = $1 and p.boundary_id = $2
    ) c
    cross join months m
    cross join lateral (
        select r.category_id, r.agency_id, r.status, r.location
        from service_request r
        where r.city_id = $1 and r.cell_16 = c.cell and r.id >= m.low and r.id < m.high
        offset 0
    ) s
    where b.city_id = $1 and b.id = $2 and public.st_intersects(b.geometry, s.location)
    group by m.period, s.category_id, s.agency_id, s.status
