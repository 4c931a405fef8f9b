-- A city's districts, neighbourhoods, boroughs: polygons with names. Shape and reasons: docs/decisions/0008-boundaries.md.

create table boundary (
    city_id  smallint not null references city (id),
    id       integer not null,
    kind     text not null check (kind ~ '^[a-z][a-z0-9-]{0,39}$'),
    code     text not null,
    name     text not null,
    geometry geometry(MultiPolygon, 4326) not null,
    bounds   geometry(Polygon, 4326) not null generated always as (public.st_envelope(geometry)) stored,
    revision bigint not null,
    primary key (city_id, id),
    unique (city_id, kind, code)
);

comment on column boundary.code is 'The source''s own key, else a slug of the name.';
comment on column boundary.revision is 'That of the city''s boundaries when the row was last written.';

-- The same shapes with fewer vertices, for maps that show them small; neighbours keep their common borders.
create table boundary_outline (
    city_id     smallint not null,
    boundary_id integer not null,
    zoom        smallint not null,
    geometry    geometry(MultiPolygon, 4326) not null,
    primary key (city_id, boundary_id, zoom),
    foreign key (city_id, boundary_id) references boundary (city_id, id) on delete cascade
);

-- The same shapes cut into pieces of few vertices, to find the boundaries around a point: 100 points among 279 boundaries take 3 ms;
-- against the whole shapes 35 ms (New York's five boroughs alone have 81,000 vertices).
create table boundary_part (
    city_id     smallint not null,
    boundary_id integer not null,
    number      integer not null,
    geometry    geometry(Polygon, 4326) not null,
    primary key (city_id, boundary_id, number),
    foreign key (city_id, boundary_id) references boundary (city_id, id) on delete cascade
);

create index on boundary_part using gist (geometry);

-- One row per city, written by every import that changes something, so that one look-up tells whether any boundary was
-- added, changed or removed. Imports of a city queue on it.
create table boundary_revision (
    city_id  smallint primary key references city (id),
    revision bigint not null,
    last_id  integer not null
);

comment on column boundary_revision.last_id is 'The largest id given out: ids of removed boundaries are never given again.';
