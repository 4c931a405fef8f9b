-- The requests around a position, nearest first: docs/decisions/0009-nearest.md.

-- On geography, because its order is that of metres (on a sphere, at most 0.6 % away from those on the spheroid) at any latitude and across the
-- antimeridian; degrees are neither.
create index on service_request using gist ((location::public.geography));

-- The words of two requests are compared by the trigrams they share. A trusted extension: whoever may create in the database may add it.
create extension if not exists pg_trgm;

-- The cells of a zoom in which a point lies that is at most so many metres away, on the spheroid: those of the box around a circle on the sphere that is
-- 0.6 % larger. Across the antimeridian the columns go on at the other side. Null where they are more than a thousand, which is near a pole, where
-- every column counts: no cells help there.
create function public.cells_around(location public.geometry, metres double precision, zoom integer) returns bigint[]
    immutable strict parallel safe language plpgsql as
$body$
declare
    columns constant bigint := 1 << zoom;
    reach constant double precision := metres / 0.994 / 6371008;
    latitude constant double precision := radians(public.st_y(location));
    height constant double precision := degrees(reach) + 1e-9;
    north bigint := public.cell(public.st_makepoint(0, least(public.st_y(location) + height, 90)), zoom) & 536870911;
    south bigint := public.cell(public.st_makepoint(0, greatest(public.st_y(location) - height, -90)), zoom) & 536870911;
    west bigint := 0;
    east bigint := columns - 1;
    width double precision;
begin
    if abs(latitude) + reach < pi() / 2 then
        width := degrees(asin(least(1, sin(reach) / cos(latitude)))) + 1e-9;
        if 2 * width + 720.0 / columns < 360 then
            west := floor((public.st_x(location) - width + 180) / 360 * columns);
            east := floor((public.st_x(location) + width + 180) / 360 * columns);
        end if;
    end if;
    if (east - west + 1) * (south - north + 1) > 1024 then
        return null;
    end if;
    return array(
        select zoom::bigint << 58 | ((x % columns + columns) % columns << 29) | y
        from generate_series(west, east) x, generate_series(north, south) y);
end
$body$;
