-- Keeps the cells of zoom 14 that a round touches: one more than an event names, which is enough to know that there are too many.
insert into pg_temp.import_cell (cell)
select cells.cell
from (
    select public.cell_parent(c.cell, 14) as cell from changed c where c.cell is not null
    union
    select public.cell_parent(c.old_cell, 14) from changed c where c.old_cell is not null
) cells
limit {cells}
on conflict do nothing
