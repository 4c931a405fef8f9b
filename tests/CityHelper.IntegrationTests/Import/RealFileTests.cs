using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CityHelper.Data.Import;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Import;

/// <summary>The city's own files, compared row by row with a second reader that shares no code with the importer.</summary>
public sealed class RealFileTests(PostgresFixture postgres) : ImportFixture(postgres)
{
    private const string Stored =
        """
        select external_id,
            (extract(epoch from r.created_at) * 1000)::bigint::text, coalesce((extract(epoch from closed_at) * 1000)::bigint::text, ''),
            (extract(epoch from updated_at) * 1000)::bigint::text, coalesce((extract(epoch from due_at) * 1000)::bigint::text, ''),
            coalesce(source_status, ''), coalesce(a.code, ''), lower(c.name), coalesce(title, ''), coalesce(address, ''),
            coalesce(postal_code, ''), coalesce(channel, ''), coalesce(resolution, ''),
            coalesce(st_y(location)::text, ''), coalesce(st_x(location)::text, '')
        from service_request r
        join category c on c.city_id = r.city_id and c.id = r.category_id
        left join agency a on a.city_id = r.city_id and a.id = r.agency_id
        order by external_id collate "C"
        """;

    [SharedDataTheory]
    [InlineData("nyc-311-full-2018-10.csv.gz", 6_765, 115)]
    [InlineData("nyc-311-full-dohmh.csv.gz", 5_895, 57)]
    [InlineData("nyc-311-full-2022-05-01.csv.gz", 924, 11)]
    [InlineData("nyc-311-soda-2025-10-14.csv.gz", 1_000, 8)]
    public async Task Every_row_is_stored_as_it_stands_in_the_file(string name, int rows, int withoutLocation)
    {
        string path = SharedData.PathOf("nyc", name);
        ImportSummary summary = await ImportAsync(path, batchRows: 1_000);
        Assert.Equal((rows, rows, 0, withoutLocation), (summary.Read, summary.Inserted, summary.Rejected, summary.WithoutLocation));
        Assert.Empty(summary.UnknownStatuses);

        IReadOnlyList<string> stored = await RowsAsync(Stored);
        string[] expected = [.. NaiveRows(path)];
        Assert.Equal(expected.Length, stored.Count);
        foreach ((string there, string read) in expected.Zip(stored))
        {
            Assert.Equal(there, read);
        }

        string before = await ContentAsync();
        ImportSummary again = await ImportAsync(path, batchRows: 500);
        Assert.Equal((rows, 0, 0), (again.Unchanged, again.Updated, again.Inserted));
        Assert.Equal(before, await ContentAsync());
    }

    /// <summary>The weekly pulls: the second has the first's rows in another order, and there is no status column.</summary>
    [SharedDataFact]
    public async Task A_pull_in_another_order_changes_nothing()
    {
        ImportSummary first = await ImportAsync(SharedData.PathOf("nyc", "soda-weekly", "2026-05-05.csv.gz"), batchRows: 2_000);
        string before = await ContentAsync();
        ImportSummary again = await ImportAsync(SharedData.PathOf("nyc", "soda-weekly", "2026-05-06-repull-a.csv.gz"), batchRows: 2_000);
        Assert.Equal((10_000, 175), (first.Inserted, first.WithoutLocation));
        Assert.Equal((10_000, 0), (again.Unchanged, again.Updated));
        Assert.Equal(before, await ContentAsync());
        Assert.Equal(["3952|6048"], await RowsAsync(
            "select count(*) filter (where status = 'OPEN')::text, count(*) filter (where status = 'CLOSED')::text from service_request"));
    }

    [SharedDataFact]
    public async Task Another_citys_export_is_refused()
    {
        Assert.Contains(
            "this is not New York's 311 export",
            await RefusedAsync(SharedData.PathOf("boston", "boston-311-2011.csv.gz")),
            StringComparison.Ordinal);
        Assert.Contains(
            "this is not New York's 311 export",
            await RefusedAsync(SharedData.PathOf("los-angeles", "myla311-2017-12.csv.gz")),
            StringComparison.Ordinal);
    }

    /// <summary>End to end: the file, the import, the plan, the answer.</summary>
    [SharedDataFact]
    public async Task The_map_of_Midtown_answers_with_the_requests_of_the_file()
    {
        const double West = -73.995, South = 40.745, East = -73.965, North = 40.765;
        string path = SharedData.PathOf("nyc", "nyc-311-full-2018-10.csv.gz");
        await ImportAsync(path, batchRows: 5_000);
        await using TestServer server = await TestServer.StartAsync(ConnectionString);

        List<string> answered = [];
        string? after = null;
        do
        {
            JsonElement page = (await server.DataAsync(
                """
                query($view: ViewportInput!, $after: String) {
                  serviceRequests(city: "nyc", first: 25, after: $after, within: {viewport: $view}) {
                    nodes { externalId category { name } sourceStatus } pageInfo { hasNextPage endCursor } } }
                """,
                new { view = new { west = West, south = South, east = East, north = North }, after })).GetProperty("serviceRequests");
            answered.AddRange(page.GetProperty("nodes").EnumerateArray().Select(n =>
                $"{n.GetProperty("externalId")}|{n.GetProperty("category").GetProperty("name")}|{n.GetProperty("sourceStatus")}"
                    .ToLowerInvariant()));
            JsonElement info = page.GetProperty("pageInfo");
            after = info.GetProperty("hasNextPage").GetBoolean() ? info.GetProperty("endCursor").GetString() : null;
        }
        while (after is not null);

        List<string[]> records = NaiveCsv(path);
        int Column(string name) => Array.IndexOf(records[0], name);
        (int key, int type, int status, int latitude, int longitude) =
            (Column("Unique Key"), Column("Complaint Type"), Column("Status"), Column("Latitude"), Column("Longitude"));
        string[] expected = [.. records.Skip(1)
            .Where(r => double.TryParse(r[longitude], CultureInfo.InvariantCulture, out double x) && x is >= West and <= East
                && double.TryParse(r[latitude], CultureInfo.InvariantCulture, out double y) && y is >= South and <= North)
            .Select(r => $"{r[key]}|{r[type]}|{r[status]}".ToLowerInvariant())
            .Order(StringComparer.Ordinal)];
        Assert.True(expected.Length > 80, $"only {expected.Length} rows of the file are in Midtown");
        Assert.Equal(expected, answered.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> NaiveRows(string path)
    {
        List<string[]> records = NaiveCsv(path);
        string[] header = [.. records[0].Select(name => name.Replace(' ', '_').ToLowerInvariant())];
        return records.Skip(1)
            .Select(record => header.Zip(record).ToDictionary(cell => cell.First, cell => cell.Second.Trim()))
            .OrderBy(row => row["unique_key"], StringComparer.Ordinal)
            .Select(row =>
            {
                string closed = NaiveTime(row["closed_date"]);
                string changed = NaiveTime(row["resolution_action_updated_date"]);
                string created = NaiveTime(row["created_date"]);
                string told = changed.Length > 0 ? changed : closed.Length > 0 ? closed : created;

                // No change is older than its request.
                long updated = Math.Max(long.Parse(told, CultureInfo.InvariantCulture), long.Parse(created, CultureInfo.InvariantCulture));
                string[] cells =
                [
                    row["unique_key"], created, closed, updated.ToString(CultureInfo.InvariantCulture), NaiveTime(row["due_date"]),
                    row["status"], row["agency"], row["complaint_type"].ToLowerInvariant(), row["descriptor"], row["incident_address"],
                    row["incident_zip"], row["open_data_channel_type"], row["resolution_description"], NaiveNumber(row["latitude"]),
                    NaiveNumber(row["longitude"]),
                ];
                return string.Join('|', cells);
            });
    }

    private static string NaiveNumber(string cell) =>
        cell.Length == 0 ? "" : double.Parse(cell, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture);

    /// <summary>
    /// Milliseconds since 1970; New York's daylight time by its rule: second Sunday of March to first Sunday of November.
    /// </summary>
    private static string NaiveTime(string cell)
    {
        if (cell.Length == 0 || cell.StartsWith("01/01/1900", StringComparison.Ordinal))
        {
            return "";
        }

        DateTime local = DateTime.ParseExact(
            cell,
            ["M/d/yy H:mm", "MM/dd/yyyy hh:mm:ss tt", "yyyy-MM-dd'T'HH:mm:ss.fff"],
            CultureInfo.InvariantCulture,
            DateTimeStyles.None);
        DateTime march = new(local.Year, 3, 8, 2, 0, 0);
        DateTime november = new(local.Year, 11, 1, 2, 0, 0);
        march = march.AddDays((7 - (int)march.DayOfWeek) % 7);
        november = november.AddDays((7 - (int)november.DayOfWeek) % 7);
        DateTime utc = local.AddHours(local >= march && local < november ? 4 : 5);
        return ((utc - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMillisecond).ToString(CultureInfo.InvariantCulture);
    }

    private static List<string[]> NaiveCsv(string path)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress), Encoding.UTF8);
        string text = reader.ReadToEnd();
        var records = new List<string[]>();
        var cells = new List<string>();
        var cell = new StringBuilder();
        bool quoted = false;
        foreach (char c in text)
        {
            if (c == '"')
            {
                // A doubled quote leaves the quoted state for a moment; the files have no other such quotes.
                quoted = !quoted;
                cell.Append(quoted && cell.Length > 0 && cell[^1] == '\uFFFC' ? '"' : '\uFFFC');
            }
            else if (c == ',' && !quoted)
            {
                cells.Add(Clean(cell));
            }
            else if (c == '\n' && !quoted)
            {
                cells.Add(Clean(cell));
                records.Add([.. cells]);
                cells.Clear();
            }
            else if (c != '\r' || quoted)
            {
                cell.Append(c);
            }
        }

        if (cells.Count > 0)
        {
            cells.Add(Clean(cell));
            records.Add([.. cells]);
        }

        return records;
    }

    private static string Clean(StringBuilder cell)
    {
        string text = cell.Replace("\uFFFC\"", "\"").Replace("\uFFFC", "").ToString();
        cell.Clear();
        return text;
    }
}
