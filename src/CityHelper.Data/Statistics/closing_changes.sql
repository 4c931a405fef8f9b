-- As count_changes.sql, for closed requests.
(select 0::smallint as zoom, 'MONTH'::count_span as span, 0::bigint as cell, date_trunc('month', day::timestamp)::date as period, category_id, agency_id, status, bucket,
        sum(requests)::integer as requests
 from pg_temp.counter_change
 where bucket is not null
 group by 3, 4, 5, 6, 7, 8 having sum(requests) <> 0 order by 3, 4, 5, 6, 7, 8)
union all
(select 14::smallint, 'YEAR'::count_span, public.cell_parent(cell, 14), date_trunc('year', day::timestamp)::date, category_id, agency_id, status, bucket,
        sum(requests)::integer
 from pg_temp.counter_change
 where cell is not null and bucket is not null
 group by 3, 4, 5, 6, 7, 8 having sum(requests) <> 0 order by 3, 4, 5, 6, 7, 8)
