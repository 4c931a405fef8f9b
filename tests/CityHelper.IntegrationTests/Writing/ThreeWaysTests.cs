using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>
/// The same random updates made in three cities: by mutations, by files, and by a service that calls the function. What they leave must be
/// the same. Columns that one of the three alone knows are left out: <c>content_hash</c> and <c>revised_at</c> (how imports compare), and
/// <c>source_status</c>, which a mutation does not have.
/// </summary>
public sealed class ThreeWaysTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    private const string Columns =
        "Status,Closed Date,Agency,Resolution Action Updated Date,Descriptor,Incident Address,Latitude,Longitude";

    private const int Requests = 40;

    // With a file, every update is a batch; of so many at once the staging table stays small.
    private const int UpdatesOfFile = 500;

    private static readonly string[] s_statuses = ["Open", "Assigned", "Started", "Pending", "Closed", "Cancel"];
    private static readonly string[] s_types = ["Noise", "Rodent", "Heat"];
    private static readonly string?[] s_agencies = ["NYPD", "HPD", null];
    private static readonly string?[] s_texts = ["Loud", "Said again", null, "Über 🐀"];

    private static readonly DateTime s_created = new(2026, 11, 1, 9, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task Rows_history_deltas_and_events_are_the_same_whoever_updates()
    {
        int updates = int.Parse(Environment.GetEnvironmentVariable("CITYHELPER_WRITES") ?? "300", CultureInfo.InvariantCulture);
        CityEntry[] cities = await AddCitiesAsync();
        var random = new Random(updates);
        Update[] now = [.. Enumerable.Range(0, Requests).Select(n => RandomUpdate(random, n, s_created.AddHours(1)))];
        foreach (CityEntry city in cities)
        {
            await ImportAsync(city, now, Requests);
        }

        Dictionary<string, long> ids = (await RowsAsync("select external_id, id::text from service_request where city_id = 1"))
            .Select(row => row.Split('|'))
            .ToDictionary(row => row[0], row => long.Parse(row[1], CultureInfo.InvariantCulture));
        foreach (CityEntry city in cities)
        {
            // Counters are equal from the first update on when nothing waits.
            await Counters(compactionRows: 10_000).CompactAsync(city.Id);
        }

        DateTime clock = Now;
        for (int done = 0; done < updates; done += UpdatesOfFile)
        {
            List<Update> made = [];
            for (int i = done; i < Math.Min(updates, done + UpdatesOfFile); i++)
            {
                // Sometimes within a millisecond of the last change, sometimes of the same request.
                clock = clock.AddMilliseconds(random.Next(3) == 0 ? 0 : random.Next(20_000));
                made.Add(Next(random, now, clock));
            }

            await MakeAsync(cities, ids, made);
            await AssertSameAsync(cities);
        }

        foreach (CityEntry city in cities)
        {
            await AssertLogOfUpdatesAsync(city.Id);
            await AssertCountedAsync(city.Id);
        }

        await AssertSameCountersAsync();
    }

    private async Task MakeAsync(CityEntry[] cities, Dictionary<string, long> ids, IReadOnlyList<Update> updates)
    {
        foreach (Update update in updates)
        {
            Time.SetUtcNow(new DateTimeOffset(update.At, TimeSpan.Zero));
            await MutateAsync(ids[update.Key], update);
            await RecordAsync(cities[2], update);
        }

        IReadOnlyList<string>? imported = null;
        await ImportAsync(cities[1], updates, 1, async () => imported = await DeltasOfAsync(2));
        Assert.Equal(await DeltasOfAsync(1), imported);
        Assert.Equal(await DeltasOfAsync(3), imported);
        await Counters(compactionRows: 10_000).CompactAsync(1);
        await Counters(compactionRows: 10_000).CompactAsync(3);
    }

    /// <summary>New York three times. The first is the city of mutations, the second of files, the third of the service.</summary>
    private async Task<CityEntry[]> AddCitiesAsync()
    {
        var directory = new CityDirectory(Database, Time);
        foreach (string slug in new[] { "nyc-files", "nyc-service" })
        {
            await directory.AddAsync(NewYork.Facts with { Slug = slug });
        }

        CityEntry[] cities =
            [City, (await directory.FindAsync("nyc-files"))!, (await directory.FindAsync("nyc-service"))!];
        Assert.Equal([1, 2, 3], cities.Select(city => (int)city.Id));
        foreach (CityEntry city in cities)
        {
            await AddReferencesAsync(city.Id);
        }

        return cities;
    }

    private Task<WriteOutcome> MutateAsync(long request, Update update) => WriteAsync(RequestWrite.OfOne(
        1, request, null, "mutation", (known, _) => new Decision.Change(known with
        {
            Status = update.Status,
            ClosedAt = update.ClosedAt,
            CategoryId = 1 + update.Type,
            AgencyId = update.AgencyId,
            Title = update.Title,
            Address = update.Address,
            Location = update.Location,
        })));

    private async Task RecordAsync(CityEntry city, Update update)
    {
        await using NpgsqlCommand command = Database.CreateCommand(
            """
            with before as materialized (
                select r as whole, r.city_id, r.id from service_request r
                where r.city_id = $1 and r.external_id = $2 for no key update
            ), after as (
                update service_request u
                set status = $3, closed_at = $4, category_id = $5, agency_id = $6, title = $7, address = $8, location = $9,
                    updated_at = $10, source_status = $11
                from before b where u.city_id = $1 and u.id = b.id
                returning u as whole, b.whole as was
            )
            select record_service_request_change(was, whole) from after
            """);
        command.Parameters.Add(new() { Value = city.Id });
        command.Parameters.Add(new() { Value = update.Key });
        command.Parameters.Add(new() { Value = update.Status });
        command.Parameters.Add(new() { Value = (object?)update.ClosedAt ?? DBNull.Value, DataTypeName = "timestamptz" });
        command.Parameters.Add(new() { Value = 1 + update.Type });
        command.Parameters.Add(new() { Value = (object?)update.AgencyId ?? DBNull.Value, DataTypeName = "integer" });
        command.Parameters.Add(new() { Value = (object?)update.Title ?? DBNull.Value, DataTypeName = "text" });
        command.Parameters.Add(new() { Value = (object?)update.Address ?? DBNull.Value, DataTypeName = "text" });
        command.Parameters.Add(new() { Value = (object?)update.Location ?? DBNull.Value, DataTypeName = "geometry" });
        command.Parameters.Add(new() { Value = update.At });
        command.Parameters.Add(new() { Value = update.SourceStatus });
        await command.ExecuteNonQueryAsync();
    }

    private async Task ImportAsync(CityEntry city, IReadOnlyList<Update> updates, int batchRows, Func<Task>? beforeCompaction = null)
    {
        string path = WriteRows(Columns, [.. updates.Select(update => update.Csv())]);
        ImportOutcome outcome = await Importer(batchRows).ImportFileAsync(
            city, new NewYorkSource(), path, new AtTheEnd(() => beforeCompaction?.Invoke().GetAwaiter().GetResult()));
        Assert.Null(outcome.Failure);
        Assert.Equal(updates.Count, outcome.Summary!.Inserted + outcome.Summary.Updated);
        File.Delete(path);
    }

    private async Task AssertSameAsync(CityEntry[] cities)
    {
        const string Rows =
            """
            select (to_jsonb(r) - 'city_id' - 'content_hash' - 'revised_at' - 'source_status')::text
            from service_request r where city_id = {0} order by id
            """;
        const string History =
            """
            select (to_jsonb(u) - 'city_id' - 'source_status')::text
            from status_update u where city_id = {0} order by service_request_id, id
            """;
        foreach (string sql in new[] { Rows, History })
        {
            IReadOnlyList<string> first = await OfCityAsync(sql, 1);
            Assert.Equal(first, await OfCityAsync(sql, 2));
            Assert.Equal(first, await OfCityAsync(sql, 3));
        }

        // A file and a service also tell the source's own word.
        foreach (string table in new[] { "service_request", "status_update" })
        {
            string sql = $"select id::text, source_status from {table} where city_id = {{0}} order by id, source_status";
            Assert.Equal(await OfCityAsync(sql, 2), await OfCityAsync(sql, 3));
        }

        string[][] told = [.. await Task.WhenAll(cities.Select(city => ToldAsync(city.Id)))];
        Assert.Equal(told[0], told[1]);
        Assert.Equal(told[0], told[2]);
    }

    private Task<IReadOnlyList<string>> OfCityAsync(string sql, short city) =>
        RowsAsync(sql.Replace("{0}", city.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

    private Task<IReadOnlyList<string>> DeltasOfAsync(short city) => OfCityAsync(
        """
        select line from (
            select concat_ws(
                '|', day, coalesce(cell, 0), category_id, agency_id, status, coalesce(bucket, -1), requests, longitude, latitude) as line
            from service_request_delta where city_id = {0}) d
        order by line
        """, city);

    /// <summary>The events of requests, in the order of each request's log.</summary>
    private async Task<string[]> ToldAsync(short city) =>
    [
        .. (await EventsAsync(city)).Where(e => e.Kind == ChangeKind.Request)
            .OrderBy(e => e.ServiceRequestId).ThenBy(e => e.Number)
            .Select(e => $"{e.ServiceRequestId} {e.Version} {e.IsUrgent} {e.IsAll} {e.Cells.Count} {Text(e.Before)} > {Text(e.After)}"),
    ];

    /// <summary>As of any city, but that the import's events may stand in another order than the mutations'.</summary>
    private async Task AssertLogOfUpdatesAsync(short city)
    {
        await AssertLogAsync(city);
        string expected = city switch { 1 => "mutation", 2 => "import", _ => "service" };
        Assert.Equal(
            city == 2 ? ["import"] : ["import", expected],
            (await EventsAsync(city)).Where(e => e.Kind == ChangeKind.Request).Select(e => e.Cause).Distinct().Order());
    }

    private async Task AssertSameCountersAsync()
    {
        foreach (string table in new[] { "service_request_count", "service_request_closing_count" })
        {
            string sql = $"select (to_jsonb(c) - 'city_id')::text from {table} c where city_id = {{0}} order by 1";
            IReadOnlyList<string> first = await OfCityAsync(sql, 1);
            Assert.NotEmpty(first);
            Assert.Equal(first, await OfCityAsync(sql, 2));
            Assert.Equal(first, await OfCityAsync(sql, 3));
        }
    }

    /// <summary>An update that changes something: without a change a mutation does nothing, and an import only notes the time.</summary>
    private static Update Next(Random random, Update[] now, DateTime at)
    {
        int n = random.Next(4) == 0 ? 0 : random.Next(now.Length);
        Update next;
        do
        {
            next = RandomUpdate(random, n, at);
            next = random.Next(3) switch
            {
                0 => now[n] with { At = at, Status = next.Status, SourceStatus = next.SourceStatus, ClosedAt = next.ClosedAt },
                1 => now[n] with { At = at, Title = next.Title, Address = next.Address, Longitude = next.Longitude },
                _ => next,
            };
        }
        while (next == now[n] with { At = at });
        return now[n] = next;
    }

    private static Update RandomUpdate(Random random, int n, DateTime at)
    {
        int status = random.Next(s_statuses.Length);
        bool isPlaced = random.Next(5) > 0;
        return new Update(
            $"key-{n}", at, random.Next(s_types.Length), s_statuses[status], NewYork.Statuses[s_statuses[status]],
            random.Next(2) == 0 ? null : at.AddSeconds(-random.Next(10_000)),
            s_agencies[random.Next(s_agencies.Length)],
            s_texts[random.Next(s_texts.Length)], s_texts[random.Next(s_texts.Length)],
            isPlaced ? -74.2 + (random.NextDouble() / 2) : null);
    }

    // The longitude also decides the latitude; null is no location.
    private sealed record Update(
        string Key, DateTime At, int Type, string SourceStatus, ServiceRequestStatus Status, DateTime? ClosedAt, string? Agency,
        string? Title, string? Address, double? Longitude)
    {
        public int? AgencyId => Agency switch { "NYPD" => 1, "HPD" => 2, _ => null };

        public Point? Location => Longitude is { } longitude ? RequestRows.Point(longitude, Latitude) : null;

        private double Latitude => Longitude is { } longitude ? 40.5 + ((longitude + 74.2) * 0.8) : 0;

        public string Csv() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Key},{Local(s_created)},{s_types[Type]},{SourceStatus},{(ClosedAt is { } c ? Local(c) : "")},"
                + $"{Agency},{Local(At)},{Title},{Address},{(Longitude is null ? "," : $"{Latitude:R},{Longitude:R}")}");

        // New York is five hours behind from the first of November on.
        private static string Local(DateTime utc) => utc.AddHours(-5).ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture);
    }

    private sealed class AtTheEnd(Action look) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value)
        {
            if (value.Phase == ImportPhase.Tidying)
            {
                look();
            }
        }
    }
}
