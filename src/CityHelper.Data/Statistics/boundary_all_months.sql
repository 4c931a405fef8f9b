    -- The months from the city's first request to its last, as ranges of ids. A day begins a second after the last second of the day
    -- before: this is right where a day has no midnight, and where it has two.
    select m.first::date as period,
           public.id_floor((m.first - interval '1 second') at time zone city.time_zone + interval '1 second') as low,
           public.id_floor((m.first + interval '1 month' - interval '1 second') at time zone city.time_zone + interval '1 second') as high
    from city
    cross join lateral (
        select min(c.period)::timestamp as first, max(c.period)::timestamp as last
        from service_request_count c
        where c.city_id = $1 and c.zoom = 0 and c.span = 'MONTH' and c.cell = 0
    ) counted
    cross join lateral generate_series(counted.first, counted.last, interval '1 month') m(first)
    where city.id = $1
