-- The last row of every batch of $1 rows, in the order of ids. Staged rows never change, so a run that continues finds the same batches.
select id, number
from (
    select id, number, row_number() over (order by id, number) as place, count(*) over () as rows
    from {staged}
) numbered
where place % $1 = 0 or place = rows
order by id, number
