-- What the importer remembers between and during its runs.

-- The moment an id carries; the inverse of id_floor.
create function public.id_time(id bigint) returns timestamptz
    immutable strict parallel safe language sql as
$body$ select timestamptz '2020-01-01 00:00+00' + (id >> 22) * interval '1 millisecond' $body$;

-- One run is one file, or one call of the generator. It is written in the transaction that fills the staging table and
-- then once per merge batch, in the batch's own transaction: what it says is always true.
create table import_run (
    id               bigint generated always as identity primary key,
    city_id          smallint not null references city (id),
    source           text not null,
    input            text not null,
    fingerprint      text not null,
    present_columns  text[] not null,
    rejects_file     text,
    rows_read        integer not null,
    rows_staged      integer not null,
    rows_rejected    integer not null,
    without_location integer not null,
    new_categories   text[] not null,
    unknown_statuses text[] not null,
    staged_years     integer[] not null,
    has_duplicates   boolean not null,
    batch_rows       integer not null,
    merged_batches   integer[] not null default '{}',
    rows_merged      integer not null default 0,
    inserted         integer not null default 0,
    updated          integer not null default 0,
    unchanged        integer not null default 0,
    corrected        integer not null default 0,
    touched_years    integer[] not null default '{}',
    started_at       timestamptz(3) not null,
    finished_at      timestamptz(3)
);

comment on column import_run.fingerprint is
    'SHA-256 of the file, or the generator''s arguments: how a repeated command finds the run it continues.';
comment on column import_run.merged_batches is
    'Batch n holds the staged rows n * batch_rows + 1 to (n + 1) * batch_rows in the order of id and number.';

create index on import_run (city_id, source, fingerprint) where finished_at is null;

create schema staging;

-- The shape of staged rows. Always empty: every run copies it to an unlogged table of its own, staging.row_<run>, and
-- drops that when it is merged. After a crash of the server that table is empty and the file is staged again.
create table staging.row (
    number         integer not null,
    external_id    text not null,
    id             bigint not null,
    category_id    integer not null,
    agency_id      integer,
    status         service_request_status not null,
    status_stated  boolean not null,
    source_status  text,
    title          text,
    description    text,
    address        text,
    postal_code    text,
    district       text,
    channel        text,
    longitude      double precision,
    latitude       double precision,
    created_at     timestamptz(3) not null,
    changed_at     timestamptz(3),
    due_at         timestamptz(3),
    closed_at      timestamptz(3),
    resolution     text,
    content_hash   bigint not null,
    history_id     bigint[],
    history_status service_request_status[],
    history_note   text[]
);

comment on column staging.row.id is 'The id the row gets when it is new and the id is free.';
comment on column staging.row.status_stated is 'False when the status was derived from the closed date.';
