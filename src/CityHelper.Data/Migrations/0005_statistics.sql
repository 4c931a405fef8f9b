-- Counters of service requests, so that statistics of large areas and long times read no request.
-- Shape and reasons: docs/decisions/0006-counters.md.

-- The cell of a coarser zoom that holds a cell; see public.cell. The zoom is at most the cell's own.
create function public.cell_parent(cell bigint, zoom integer) returns bigint
    immutable strict parallel safe language sql as
$body$
    select (zoom::bigint << 58)
         | ((((cell >> 29) & 536870911) >> ((cell >> 58)::integer - zoom)) << 29)
         | ((cell & 536870911) >> ((cell >> 58)::integer - zoom))
$body$;

-- Degrees as a whole number of ten-millionths (1 cm): sums of them are exact, in whatever order they are added up.
create function public.degrees_e7(degrees double precision) returns bigint
    immutable strict parallel safe language sql as
$body$ select round(degrees * 1e7::double precision)::bigint $body$;

-- In how much time a request was closed, on a scale whose buckets grow by the factor 1.1: bucket 0 holds up to a second (and
-- what was closed before it was made), bucket i more than 1.1^(i-1) and up to 1.1^i seconds. The value 2 * 1.1^i / 2.1 is never
-- further than 1/21 (4.77 %) from any in bucket i: the mapping of DDSketch (Masson, Rim and Lee, VLDB 2019) with alpha = 1/21.
-- The array holds the first microsecond that is over 1.1^i seconds, for i = 0 to 240 (272 years); what took longer is in bucket 241.
-- Searching it is as fast as a logarithm (0.4 us a call), and exact at every edge.
create function public.closing_bucket(created timestamptz, closed timestamptz) returns smallint
    immutable strict parallel safe language sql as
$body$
    select width_bucket((extract(epoch from closed - created) * 1000000)::bigint, '{
        1000001,1100001,1210001,1331001,1464101,1610511,1771562,1948718,2143589,2357948,2593743,2853117,3138429,3452272,3797499,4177249,
        4594973,5054471,5559918,6115910,6727500,7400250,8140275,8954303,9849733,10834706,11918177,13109995,14420994,15863093,17449403,
        19194343,21113777,23225155,25547670,28102437,30912681,34003949,37404344,41144778,45259256,49785182,54763700,60240070,66264077,
        72890484,80179533,88197486,97017234,106718958,117390853,129129939,142042932,156247226,171871948,189059143,207965057,228761563,
        251637719,276801491,304481640,334929804,368422784,405265063,445791569,490370726,539407798,593348578,652683436,717951779,
        789746957,868721653,955593818,1051153200,1156268520,1271895372,1399084909,1538993400,1692892740,1862182014,2048400215,
        2253240237,2478564260,2726420686,2999062755,3298969030,3628865933,3991752526,4390927779,4830020557,5313022612,5844324874,
        6428757361,7071633097,7778796407,8556676047,9412343652,10353578017,11388935819,12527829400,13780612340,15158673574,16674540932,
        18341995025,20176194527,22193813980,24413195378,26854514916,29539966407,32493963048,35743359352,39317695288,43249464816,
        47574411298,52331852428,57565037670,63321541437,69653695581,76619065139,84280971653,92709068818,101979975700,112177973270,
        123395770597,135735347657,149308882422,164239770664,180663747731,198730122504,218603134754,240463448230,264509793053,
        290960772358,320056849593,352062534553,387268788008,425995666809,468595233490,515454756838,567000232522,623700255774,
        686070281352,754677309487,830145040436,913159544479,1004475498927,1104923048820,1215415353702,1336956889072,1470652577979,
        1617717835777,1779489619354,1957438581290,2153182439419,2368500683360,2605350751696,2865885826866,3152474409553,3467721850508,
        3814494035558,4195943439114,4615537783026,5077091561328,5584800717461,6143280789207,6757608868128,7433369754940,8176706730434,
        8994377403478,9893815143825,10883196658208,11971516324029,13168667956431,14485534752075,15934088227282,17527497050010,
        19280246755011,21208271430512,23329098573563,25662008430920,28228209274012,31051030201413,34156133221554,37571746543709,
        41328921198080,45461813317888,50007994649677,55008794114644,60509673526109,66560640878720,73216704966592,80538375463251,
        88592213009576,97451434310533,107196577741586,117916235515745,129707859067320,142678644974051,156946509471457,172641160418602,
        189905276460462,208895804106509,229785384517159,252763922968875,278040315265763,305844346792339,336428781471573,370071659618730,
        407078825580603,447786708138663,492565378952529,541821916847782,596004108532560,655604519385816,721164971324398,793281468456838,
        872609615302522,959870576832774,1055857634516051,1161443397967656,1277587737764421,1405346511540864,1545881162694950,
        1700469278964445,1870516206860889,2057567827546978,2263324610301676,2489657071331843,2738622778465028,3012485056311530,
        3313733561942683,3645106918136952,4009617609950647,4410579370945712,4851637308040283,5336801038844311,5870481142728742,
        6457529257001616,7103282182701778,7813610400971955,8594971441069151
    }'::bigint[])::smallint
$body$;

-- The creation day, month or year that a counter counts, in the city's own time zone.
create type count_span as enum ('DAY', 'MONTH', 'YEAR');

-- How many requests there are. Kept combinations of zoom and span: (0, DAY), (0, MONTH), (14, MONTH), (14, YEAR), (16, YEAR).
-- Only a fold writes here (src/CityHelper.Data/Statistics). The key's index holds the numbers too: the counters of a cell come in with every fold and
-- lie all over the table, a page for each; in the index they are neighbours (16 cells of zoom 14, a year of closing times: 589 buffers instead of 34,600).
-- That needs VACUUM, which by default comes when a fifth of all cities' counters have changed.
create table service_request_count (
    city_id     smallint not null,
    zoom        smallint not null,
    span        count_span not null,
    cell        bigint not null,
    period      date not null,
    category_id integer not null,
    agency_id   integer not null,
    status      service_request_status not null,
    requests    integer not null,
    longitude   bigint not null,
    latitude    bigint not null,
    primary key (city_id, zoom, span, cell, period, category_id, agency_id, status) include (requests, longitude, latitude)
) with (autovacuum_vacuum_scale_factor = 0.05);

comment on column service_request_count.zoom is '0: all requests of the city, in cell 0. 14 and 16: those with a location, in their cell of that zoom.';
comment on column service_request_count.period is 'The first day of the span.';
comment on column service_request_count.agency_id is '0: no agency.';
comment on column service_request_count.longitude is
    'Sum of degrees_e7 of the longitudes of those with a location. In zoom 14 and 16, divided by requests, the centre of mass.';
comment on column service_request_count.latitude is 'See longitude.';

-- How long the closed ones took. Kept combinations: (0, MONTH), (14, YEAR).
create table service_request_closing_count (
    city_id     smallint not null,
    zoom        smallint not null,
    span        count_span not null,
    cell        bigint not null,
    period      date not null,
    category_id integer not null,
    agency_id   integer not null,
    status      service_request_status not null,
    bucket      smallint not null,
    requests    integer not null,
    primary key (city_id, zoom, span, cell, period, category_id, agency_id, status, bucket) include (requests)
) with (autovacuum_vacuum_scale_factor = 0.05);

comment on column service_request_closing_count.bucket is 'closing_bucket(created_at, closed_at); requests that have a closed_at, whatever their status.';

-- What writers of service_request append in their own transaction and a fold adds to the counters. A reader takes counters and deltas
-- in one snapshot: together they are what the rows of that snapshot say.
create table service_request_delta (
    city_id     smallint not null,
    id          bigint not null generated always as identity,
    day         date not null,
    cell        bigint,
    category_id integer not null,
    agency_id   integer not null,
    status      service_request_status not null,
    bucket      smallint,
    requests    integer not null,
    longitude   bigint not null,
    latitude    bigint not null,
    primary key (city_id, id)
);

comment on column service_request_delta.day is 'The creation day in the city''s time zone.';
comment on column service_request_delta.cell is 'cell_16; null without a location.';
comment on column service_request_delta.bucket is 'closing_bucket(created_at, closed_at); null when not closed.';
comment on column service_request_delta.requests is 'To be added to all counters of these values; negative for what is no longer so.';

-- Every writer of service_request calls this in its transaction, with the row as it was (null when it is new) and as it is now (null when it
-- is deleted). The row must be locked before it is read as it was: `select r from service_request r where … for no key update`. What is
-- not counted may change without a delta; the function finds out. The importer does the same for a whole batch in one statement.
create function public.append_service_request_delta(before public.service_request, after public.service_request) returns void
    volatile language sql as
$body$
    insert into public.service_request_delta (city_id, day, cell, category_id, agency_id, status, bucket, requests, longitude, latitude)
    select city_id, day, cell, category_id, agency_id, status, bucket, sum(sign), sum(sign * longitude), sum(sign * latitude)
    from (
        select (s.r).city_id, ((s.r).created_at at time zone c.time_zone)::date as day, (s.r).cell_16 as cell, (s.r).category_id,
               coalesce((s.r).agency_id, 0) as agency_id, (s.r).status, public.closing_bucket((s.r).created_at, (s.r).closed_at) as bucket, s.sign,
               coalesce(public.degrees_e7(public.st_x((s.r).location)), 0) as longitude,
               coalesce(public.degrees_e7(public.st_y((s.r).location)), 0) as latitude
        from (values (before, -1), (after, 1)) s(r, sign)
        join public.city c on c.id = (s.r).city_id
    ) state
    group by city_id, day, cell, category_id, agency_id, status, bucket
    having sum(sign) <> 0 or sum(sign * longitude) <> 0 or sum(sign * latitude) <> 0
$body$;

-- Since when the counters are true. Counting the rows that are there already would take this migration hours: cities that have some are
-- counted by `cityhelper statistics rebuild`; the others are counted from their first row.
alter table city add column counted_at timestamptz(3);
update city c set counted_at = now() where not exists (select from service_request r where r.city_id = c.id);
alter table city alter column counted_at set default now();

comment on column city.counted_at is 'Null while the counters do not say what the rows do.';
