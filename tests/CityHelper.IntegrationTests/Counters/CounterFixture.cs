using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Import;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Commands;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Counters;

/// <summary>A database with New York in it, and the slow result that counters must equal: the rows grouped again.</summary>
public abstract class CounterFixture(PostgresFixture postgres) : ImportFixture(postgres)
{
    /// <summary>
    /// The groups of the rows and those of counters and deltas, in one statement and so in one snapshot; returns lines that only one side
    /// has. Uses none of the functions and statements under test, except the bucket, which has its own tests.
    /// </summary>
    private const string DifferencesSql =
        """
        with kept (what, zoom, span) as (values
            ('count', 0, 'DAY'), ('count', 0, 'MONTH'), ('count', 14, 'MONTH'), ('count', 14, 'YEAR'), ('count', 16, 'YEAR'),
            ('closing', 0, 'MONTH'), ('closing', 14, 'YEAR')
        ), rows as (
            select k.what, k.zoom, k.span, coalesce(cell(r.location, k.zoom), 0) as cell,
                   date_trunc(k.span, r.created_at at time zone c.time_zone)::date as period,
                   r.category_id, coalesce(r.agency_id, 0) as agency_id, r.status,
                   case k.what when 'closing' then closing_bucket(r.created_at, r.closed_at) end as bucket,
                   count(*) as requests,
                   case k.what when 'count' then coalesce(sum(round(st_x(r.location) * 1e7)::bigint), 0) end as longitude,
                   case k.what when 'count' then coalesce(sum(round(st_y(r.location) * 1e7)::bigint), 0) end as latitude
            from service_request r
            join city c on c.id = r.city_id
            cross join kept k
            where r.city_id = $1 and (k.zoom = 0 or r.location is not null) and (k.what = 'count' or r.closed_at is not null)
            group by k.what, k.zoom, k.span, 4, 5, 6, 7, 8, 9
        ), told as (
            select what, zoom, span, cell, period, category_id, agency_id, status, bucket,
                   sum(requests) as requests, sum(longitude) as longitude, sum(latitude) as latitude
            from (
                select 'count' as what, zoom::int, span::text, cell, period, category_id, agency_id, status,
                       null::smallint as bucket, requests, longitude, latitude
                from service_request_count where city_id = $1
                union all
                select 'closing', zoom, span::text, cell, period, category_id, agency_id, status, bucket, requests, null, null
                from service_request_closing_count where city_id = $1
                union all
                select k.what, k.zoom, k.span,
                       -- Two bits of x and of y less.
                       case k.zoom when 0 then 0 when 16 then d.cell
                           else (14::bigint << 58) | ((((d.cell >> 29) & ((1 << 29) - 1)) / 4) << 29)
                               | ((d.cell & ((1 << 29) - 1)) / 4) end,
                       date_trunc(k.span, d.day::timestamp)::date, d.category_id, d.agency_id, d.status,
                       case k.what when 'closing' then d.bucket end, d.requests,
                       case k.what when 'count' then d.longitude end, case k.what when 'count' then d.latitude end
                from service_request_delta d
                cross join kept k
                where d.city_id = $1 and (k.zoom = 0 or d.cell is not null) and (k.what = 'count' or d.bucket is not null)
            ) parts
            group by what, zoom, span, cell, period, category_id, agency_id, status, bucket
            having sum(requests) <> 0 or sum(longitude) <> 0 or sum(latitude) <> 0
        ), pending as (
            select d.cell, s.slice from service_request_delta d cross join lateral pack_slices(d.day) s(slice)
            where d.city_id = $1 and d.cell is not null
        ), packable as (
            select r.cell_16, (r.id >> 53)::smallint as slice, r.id, st_x(r.location) as longitude, st_y(r.location) as latitude,
                   r.status::text as status, r.category_id, coalesce(r.agency_id, 0) as agency_id
            from service_request r
            where r.city_id = $1 and r.location is not null and (r.cell_16, (r.id >> 53)::smallint) not in (table pending)
              and not exists (
                  select from service_request_pack p
                  where p.city_id = $1 and p.cell = r.cell_16 and p.slice = r.id >> 53 and p.content is null)
        ), packed as (
            select p.cell, p.slice, ('x' || encode(substr(p.content, 36 * n + 1, 8), 'hex'))::bit(64)::bigint, r.longitude, r.latitude,
                   (array['OPEN', 'ASSIGNED', 'IN_PROGRESS', 'PENDING', 'RESOLVED', 'CLOSED', 'CANCELLED', 'DUPLICATE'])
                       [get_byte(p.content, 36 * n + 27) + 1],
                   ('x' || encode(substr(p.content, 36 * n + 29, 4), 'hex'))::bit(32)::integer,
                   ('x' || encode(substr(p.content, 36 * n + 33, 4), 'hex'))::bit(32)::integer
            from service_request_pack p
            cross join lateral generate_series(0, length(p.content) / 36 - 1) n
            left join (select id, st_x(location) as longitude, st_y(location) as latitude from service_request where city_id = $1) r
              on float8send(r.longitude) || float8send(r.latitude) = substr(p.content, 36 * n + 9, 16)
             and r.id = ('x' || encode(substr(p.content, 36 * n + 1, 8), 'hex'))::bit(64)::bigint
            where p.city_id = $1 and (p.cell, p.slice) not in (table pending)
        )
        select 'rows ' || x::text from (table rows except all table told) x
        union all
        select 'told ' || x::text from (table told except all table rows) x
        union all
        select 'packable ' || x::text from (table packable except all table packed) x
        union all
        select 'packed ' || x::text from (table packed except all table packable) x
        """;

    protected RequestCounters Counters(int compactionRows = 7) => new(Database, Time) { CompactionRows = compactionRows };

    protected async Task AssertTrueAsync(short city = 1) => Assert.Equal("", string.Join('\n', await DifferencesAsync(city)));

    protected async Task<IReadOnlyList<string>> DifferencesAsync(short city = 1)
    {
        await using NpgsqlCommand command = Database.CreateCommand(DifferencesSql);
        command.Parameters.Add(new() { Value = city });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        return lines;
    }

    protected async Task<long> DeltasAsync() => long.Parse(
        (await RowsAsync("select count(*)::text from service_request_delta"))[0], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Runs a command.</summary>
    protected async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var host = new CommandHost
        {
            Configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["CITYHELPER_DATABASE"] = ConnectionString,
            }).Build(),
            Time = Time,
            Output = output,
            Error = error,
        };
        return (await CommandLine.RunAsync(arguments, host), output.ToString(), error.ToString());
    }

    /// <summary>Imports, and checks the counters after every batch, before a compaction.</summary>
    protected async Task<ImportSummary> ImportWatchedAsync(string path, int batchRows)
    {
        ImportOutcome outcome = await Importer(batchRows).ImportFileAsync(City, new NewYorkSource(), path, new EveryBatch(() =>
            AssertTrueAsync().GetAwaiter().GetResult()));
        Assert.Null(outcome.Failure);
        return outcome.Summary!;
    }

    /// <summary>Repeats an action beside the watched one, until that is done.</summary>
    protected static Task RepeatAsync(Func<Random, Task> act, CancellationToken done) => Task.Run(
        async () =>
        {
            var random = new Random(1);
            while (!done.IsCancellationRequested)
            {
                await act(random);
            }
        },
        CancellationToken.None);

    private sealed class EveryBatch(Action look) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value)
        {
            if (value.Phase == ImportPhase.Merging)
            {
                look();
            }
        }
    }
}
