using System.Globalization;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// The pages of a connection together equal one naive SQL query: same rows, same order, no gap, no duplicate. The naive side has no cells,
/// no plans and no cursors. The table statistics, and so the access paths, differ from page to page.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class PagingPropertyTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Rows = 4_000;
    private const int Questions = 250;
    private const int PagesMax = 60;

    // The edges of two cells cross here: tile 19296 of 65536 from the west, at a border between rows of tiles.
    private static readonly double s_cellEdge = 19_296 / 65_536.0 * 360 - 180;

    private static readonly string[] s_statuses =
    [
        "OPEN", "ASSIGNED", "IN_PROGRESS", "PENDING", "RESOLVED", "CLOSED", "CANCELLED", "DUPLICATE",
    ];

    private readonly List<ServiceRequest> _rows = [];
    private string _database = "";
    private NpgsqlDataSource _direct = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(_database, [.. Enumerable.Range(2018, 8)]);
        MakeRows(new Random(11));
        await RequestRows.AddAsync(_database, _rows);
        _direct = CityHelperDatabase.CreateDataSource(_database);
        _server = await TestServer.StartAsync(_database, statistics: real => BelievedStatistics.Wild(real, 13));
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _direct.DisposeAsync();
    }

    [Fact]
    public async Task Pages_concatenated_equal_one_naive_query()
    {
        var random = new Random(12);
        int nonEmpty = 0;
        int severalPages = 0;
        for (int i = 0; i < Questions; i++)
        {
            Question question = RandomQuestion(random);
            List<string> expected = await NaiveAsync(question);
            int pageSize = Math.Clamp(expected.Count / (PagesMax / 2) + random.Next(1, 30), 1, 100);
            (List<string> actual, int pages) = await PagesAsync(question, pageSize);
            Assert.True(
                expected.SequenceEqual(actual),
                $"question {i}, pages of {pageSize}: {question}\nexpected {expected.Count} rows, got {actual.Count}");
            nonEmpty += expected.Count > 0 ? 1 : 0;
            severalPages += pages > 1 ? 1 : 0;
        }

        // A generator without results tests nothing.
        Assert.True(nonEmpty > Questions / 2, $"only {nonEmpty} questions had an answer");
        Assert.True(severalPages > Questions / 4, $"only {severalPages} questions had several pages");
    }

    private async Task<(List<string> Rows, int Pages)> PagesAsync(Question question, int pageSize)
    {
        const string Query =
            """
            query(
              $first: Int, $after: String, $within: AreaInput, $where: ServiceRequestFilterInput, $order: [ServiceRequestSortInput!],
              $count: Boolean!) {
              serviceRequests(first: $first, after: $after, city: "nyc", within: $within, where: $where, order: $order) {
                nodes { externalId }
                edges { cursor node { externalId } }
                pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
                totalCount @include(if: $count)
              }
            }
            """;
        List<string> rows = [];
        string? after = null;
        for (int page = 1; page <= PagesMax + 1; page++)
        {
            JsonElement connection = (await _server.DataAsync(Query, new
            {
                first = pageSize,
                after,
                within = question.WithinJson,
                where = question.WhereJson,
                order = question.Ascending is { } ascending ? new[] { new { createdAt = ascending ? "ASC" : "DESC" } } : null,
                count = page == 1,
            })).GetProperty("serviceRequests");
            string[] nodes = [.. connection.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("externalId").GetString()!)];
            JsonElement info = connection.GetProperty("pageInfo");
            Assert.Equal(
                nodes,
                connection.GetProperty("edges").EnumerateArray().Select(e => e.GetProperty("node").GetProperty("externalId").GetString()!));
            Assert.Equal(page > 1, info.GetProperty("hasPreviousPage").GetBoolean());
            rows.AddRange(nodes);
            if (page == 1)
            {
                Assert.Equal((await NaiveAsync(question)).Count, connection.GetProperty("totalCount").GetInt32());
            }

            if (!info.GetProperty("hasNextPage").GetBoolean())
            {
                return (rows, page);
            }

            Assert.Equal(pageSize, nodes.Length);
            after = info.GetProperty("endCursor").GetString();
            Assert.Equal(after, connection.GetProperty("edges").EnumerateArray().Last().GetProperty("cursor").GetString());
        }

        throw new InvalidOperationException($"more than {PagesMax} pages of {pageSize}: {question}");
    }

    private async Task<List<string>> NaiveAsync(Question question)
    {
        List<string> conditions = ["city_id = 1"];
        if (question.Area is { } a)
        {
            conditions.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"st_x(location) >= {a.West:R}::float8 and st_x(location) <= {a.East:R}::float8 and st_y(location) >= {a.South:R}::float8 "
                    + $"and st_y(location) <= {a.North:R}::float8"));
        }

        if (question.Statuses is { } statuses)
        {
            conditions.Add($"status::text in ({string.Join(", ", statuses.Select(s => $"'{s}'"))})");
        }

        if (question.Category is { } category)
        {
            conditions.Add($"category_id in (select id from category where code = '{category}')");
        }

        if (question.Since is { } since)
        {
            conditions.Add($"created_at >= '{since:O}'");
        }

        if (question.Before is { } before)
        {
            conditions.Add($"created_at < '{before:O}'");
        }

        string order = question.Ascending == true ? "asc" : "desc";
        await using NpgsqlCommand command = _direct.CreateCommand(
            $"select external_id from service_request where {string.Join(" and ", conditions)} order by id {order}");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private Question RandomQuestion(Random random)
    {
        DateTime? since = random.Next(4) == 0 ? _rows[random.Next(Rows)].CreatedAt : null;
        DateTime? before = random.Next(4) == 0 ? _rows[random.Next(Rows)].CreatedAt.AddMilliseconds(random.Next(2)) : null;
        return new Question(
            random.Next(5) == 0 ? null : RandomArea(random),
            random.Next(3) == 0 ? [.. s_statuses.Where(_ => random.Next(3) == 0).DefaultIfEmpty("OPEN")] : null,
            random.Next(3) == 0 ? RequestRows.CategoryCodes[random.Next(3)] : null,
            since,
            before,
            random.Next(3) switch { 0 => null, 1 => true, _ => false });
    }

    // Around points of rows, with edges exactly on points and on cells' edges, down to zero width.
    private Area RandomArea(Random random)
    {
        double[] longitudes = [RandomEdge(random, p => p.X, s_cellEdge), RandomEdge(random, p => p.X, s_cellEdge)];
        double[] latitudes = [RandomEdge(random, p => p.Y, 40.75), RandomEdge(random, p => p.Y, 40.75)];
        if (random.Next(10) == 0)
        {
            longitudes[1] = longitudes[0];
        }

        return new Area(longitudes.Min(), latitudes.Min(), longitudes.Max(), latitudes.Max());
    }

    private double RandomEdge(Random random, Func<NetTopologySuite.Geometries.Point, double> coordinate, double special) =>
        random.Next(6) switch
        {
            0 => special,
            1 => special + (random.NextDouble() - 0.5) * 0.01,
            2 => special + (random.NextDouble() - 0.5),
            _ => _rows
                .Skip(random.Next(Rows))
                .Concat(_rows)
                .Select(r => r.Location)
                .OfType<NetTopologySuite.Geometries.Point>()
                .Select(coordinate)
                .First(),
        };

    private void MakeRows(Random random)
    {
        for (int n = 0; n < Rows; n++)
        {
            // One in four has the same millisecond as the row before; some are older than 2020, where ids are negative.
            DateTime created = n > 0 && random.Next(4) == 0
                ? _rows[^1].CreatedAt
                : ReadingFixture.Moment("2018-02-01T00:00:00Z").AddMilliseconds(random.NextInt64(7L * 365 * 86_400_000));
            _rows.Add(new ServiceRequest
            {
                CityId = RequestRows.City,
                Id = RequestId.Floor(created) | RequestId.ImportedBit | (uint)n,
                ExternalId = n.ToString(CultureInfo.InvariantCulture),
                CategoryId = random.Next(50) == 0 ? 3 : 1 + random.Next(2),
                Status = (ServiceRequestStatus)Math.Min(random.Next(8), random.Next(8)),
                Location = RandomPoint(random),
                CreatedAt = created,
                UpdatedAt = created,
            });
        }
    }

    private static NetTopologySuite.Geometries.Point? RandomPoint(Random random)
    {
        if (random.Next(20) == 0)
        {
            return null;
        }

        double longitude = random.Next(10) == 0 ? s_cellEdge : s_cellEdge + (random.NextDouble() - 0.5) * Math.Pow(10, -random.Next(4));
        double latitude = random.Next(10) == 0 ? 40.75 : 40.75 + (random.NextDouble() - 0.5) * Math.Pow(10, -random.Next(4));
        return RequestRows.Point(longitude, latitude);
    }

    private sealed record Area(double West, double South, double East, double North);

    private sealed record Question(Area? Area, string[]? Statuses, string? Category, DateTime? Since, DateTime? Before, bool? Ascending)
    {
        public object? WithinJson =>
            Area is null
                ? null
                : new
                {
                    viewport = new
                    {
                        west = Area.West,
                        south = Area.South,
                        east = Area.East,
                        north = Area.North,
                    },
                };

        public Dictionary<string, object> WhereJson
        {
            get
            {
                Dictionary<string, object> where = [];
                if (Statuses is not null)
                {
                    where["status"] = new { @in = Statuses };
                }

                if (Category is not null)
                {
                    where["category"] = new { code = new { eq = Category } };
                }

                // One bound directly and the other under `and`, which must mean the same as both in one object.
                if (Since is not null)
                {
                    where["createdAt"] = new { gte = Since };
                }

                if (Before is not null)
                {
                    where["and"] = new[] { new { createdAt = new { lt = Before } } };
                }

                return where;
            }
        }

        public override string ToString() =>
            $"area {Area}, statuses {string.Join('|', Statuses ?? [])}, category {Category}, since {Since:O}, before {Before:O}, "
                + $"ascending {Ascending}";
    }
}
