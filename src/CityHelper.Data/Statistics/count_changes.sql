-- The session's counter_change, aggregated for each stored combination of zoom and span. Each branch is sorted by its key: the counters of
-- a cell are adjacent on disk, and the index is scanned in its order.
(select 0::smallint as zoom, 'DAY'::count_span as span, 0::bigint as cell, day as period, category_id, agency_id, status,
        sum(requests)::integer as requests, sum(longitude)::bigint as longitude, sum(latitude)::bigint as latitude
 from pg_temp.counter_change
 group by 3, 4, 5, 6, 7 having sum(requests) <> 0 or sum(longitude) <> 0 or sum(latitude) <> 0 order by 3, 4, 5, 6, 7)
union all
(select 0::smallint, 'MONTH'::count_span, 0::bigint, date_trunc('month', day::timestamp)::date, category_id, agency_id, status,
        sum(requests)::integer, sum(longitude)::bigint, sum(latitude)::bigint
 from pg_temp.counter_change
 group by 3, 4, 5, 6, 7 having sum(requests) <> 0 or sum(longitude) <> 0 or sum(latitude) <> 0 order by 3, 4, 5, 6, 7)
union all
(select 14::smallint, 'MONTH'::count_span, public.cell_parent(cell, 14), date_trunc('month', day::timestamp)::date, category_id, agency_id, status,
        sum(requests)::integer, sum(longitude)::bigint, sum(latitude)::bigint
 from pg_temp.counter_change
 where cell is not null
 group by 3, 4, 5, 6, 7 having sum(requests) <> 0 or sum(longitude) <> 0 or sum(latitude) <> 0 order by 3, 4, 5, 6, 7)
union all
(select 14::smallint, 'YEAR'::count_span, public.cell_parent(cell, 14), date_trunc('year', day::timestamp)::date, category_id, agency_id, status,
        sum(requests)::integer, sum(longitude)::bigint, sum(latitude)::bigint
 from pg_temp.counter_change
 where cell is not null
 group by 3, 4, 5, 6, 7 having sum(requests) <> 0 or sum(longitude) <> 0 or sum(latitude) <> 0 order by 3, 4, 5, 6, 7)
union all
(select 16::smallint, 'YEAR'::count_span, cell, date_trunc('year', day::timestamp)::date, category_id, agency_id, status,
        sum(requests)::integer, sum(longitude)::bigint, sum(latitude)::bigint
 from pg_temp.counter_change
 where cell is not null
 group by 3, 4, 5, 6, 7 having sum(requests) <> 0 or sum(longitude) <> 0 or sum(latitude) <> 0 order by 3, 4, 5, 6, 7)
