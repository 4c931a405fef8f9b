-- Boxes that a map may show: the whole city, its densest cells, an empty cell. Ties are broken by cell, so equal rows give equal boxes.
with city as (
    select bounds from public.city where id = $1
), cell_14 as (
    select cell_14 as cell, count(*) as requests from public.service_request where city_id = $1 and cell_14 is not null group by cell_14
), dense_14 as (
    select cell from cell_14 order by requests desc, cell limit 1
), dense_16 as (
    select cell_16 as cell from public.service_request where city_id = $1 and cell_16 is not null group by cell_16 order by count(*) desc, cell_16 limit 1
), corner as (
    select public.cell(st_setsrid(st_makepoint(st_xmin(bounds), st_ymax(bounds)), 4326), 14) as nw,
           public.cell(st_setsrid(st_makepoint(st_xmax(bounds), st_ymin(bounds)), 4326), 14) as se
    from city
), empty_14 as (
    select cell from (
        select (14::bigint << 58) | (x << 29) | y as cell
        from corner, generate_series((nw >> 29) & 536870911, (se >> 29) & 536870911) x, generate_series(nw & 536870911, se & 536870911) y) tile
    where not exists (select from cell_14 where cell_14.cell = tile.cell)
    order by cell limit 1
), box as (
    select 'whole' as name, bounds as shape from city
    union all
    select tile.name, st_transform(st_tileenvelope((cell >> 58)::integer, ((cell >> 29) & 536870911)::integer, (cell & 536870911)::integer), 4326)
    from (select 'densest', cell from dense_14 union all select 'densest corner', cell from dense_16 union all select 'empty', cell from empty_14) tile(name, cell)
)
select name, st_xmin(shape), st_ymin(shape), st_xmax(shape), st_ymax(shape) from box
