using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Model;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>
/// A server over requests, most in the counters and some in deltas not yet compacted, and over boundaries with counters for some months.
/// Its table statistics differ from question to question, so times until closing come now from rows (exact), now from counters.
/// </summary>
public sealed class StatisticsFixture(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Rows = 5_000;
    private const int Unfolded = 400;
    private const int Shapes = 16;

    private NpgsqlConnection _lock = null!;

    public TestServer Server { get; private set; } = null!;

    public NpgsqlDataSource Direct { get; private set; } = null!;

    /// <summary>The rows, as SQL returns them.</summary>
    internal IReadOnlyDictionary<string, StatisticsRow> ByExternalId { get; private set; } = null!;

    /// <summary>The boundaries, as areas that questions name by id.</summary>
    internal IReadOnlyList<RandomAreas.Drawn> Boundaries { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        string database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(database, [.. Enumerable.Range(2018, 8)]);
        List<ServiceRequest> rows = PlacedRows.Make(Rows + Unfolded, new Random(51));
        var areas = new RandomAreas(new Random(53));
        await BoundaryRows.AddAsync(
            database,
            [
                .. Enumerable
                    .Range(1, Shapes)
                    .Select(id => BoundaryRows.Boundary(id, "area", $"{id}", $"Area {id}", areas.Polygon().AsText())),
            ]);
        await RequestRows.AddAsync(database, rows.Take(Rows));
        Direct = CityHelperDatabase.CreateDataSource(database);
        await using (CityHelperContext context = RequestRows.Context(Direct))
        {
            context.ServiceRequests.AddRange(rows.Skip(Rows));
            await context.SaveChangesAsync();
        }

        await ExecuteAsync(
            $"select record_service_request_change(null, r) from service_request r where external_id::int >= {Rows}",
            """
            with old as materialized (select r, r.id from service_request r where external_id::int % 37 = 0 for no key update),
                 new as (update service_request s set status = 'PENDING', closed_at = null, location = st_translate(location, 0.001, 0)
                         where s.city_id = 1 and s.id in (select id from old)
                             and (location is null or st_y(location) between -80 and 80 and abs(st_x(location)) < 179)
                         returning s, s.id)
            select record_service_request_change(old.r, new.s) from old join new using (id)
            """,
            // Stale blocks, beside those that a delta invalidates.
            "update service_request_pack set content = null where (cell + slice) % 7 = 0",

            // Months without counters, beside those that a delta invalidates.
            """
            with gone as (
                delete from service_request_boundary_month where (boundary_id + extract(month from period)::int) % 4 = 0
                returning boundary_id, period)
            delete from service_request_boundary_count c using gone g where c.boundary_id = g.boundary_id and c.period = g.period
            """,
            "vacuum analyze");
        _lock = await HoldCompactionAsync(Direct);
        ByExternalId = await StatisticsRow.ReadAsync(Direct);
        Server = await TestServer.StartAsync(
            database,
            statistics: real => BelievedStatistics.Wild(real, 52),
            services: TestServer.BlocksForFewRows,
            askedMax: BelievedStatistics.AskedMax);
        JsonElement boundaries = await Server.DataAsync("""{ boundaries(city: "nyc", first: 50) { nodes { id code } } }""");
        Boundaries = [.. boundaries.GetProperty("boundaries").GetProperty("nodes").EnumerateArray().Select(b => new RandomAreas.Drawn(
            new { boundary = b.GetProperty("id").GetString() },
            $"st_intersects((select b.geometry from boundary b where b.city_id = 1 and b.code = '{b.GetProperty("code").GetString()}'), "
                + "location)"))];
    }

    /// <summary>Keeps the server from compacting deltas and counting boundaries until the connection is disposed of.</summary>
    internal static async Task<NpgsqlConnection> HoldCompactionAsync(NpgsqlDataSource database)
    {
        NpgsqlConnection connection = await database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"select pg_advisory_lock({RequestCounters.LockClass}, 1)", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    public async Task DisposeAsync()
    {
        await _lock.DisposeAsync();
        await Server.DisposeAsync();
        await Direct.DisposeAsync();
    }

    /// <summary>The rows that satisfy a plain SQL condition.</summary>
    internal async Task<List<StatisticsRow>> RowsAsync(string condition)
    {
        List<StatisticsRow> rows = [];
        await using NpgsqlCommand command = Direct.CreateCommand(
            $"select external_id from service_request where city_id = 1 and {condition}");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(ByExternalId[reader.GetString(0)]);
        }

        return rows;
    }

    /// <summary>The data of an answer without errors.</summary>
    internal async Task<JsonElement> AskAsync(string query, object variables)
    {
        JsonElement answer = await Server.QueryAsync(query, variables);
        Assert.False(
            answer.TryGetProperty("errors", out JsonElement errors),
            $"{JsonSerializer.Serialize(variables)}: {errors}\n{string.Join('\n', Server.Errors)}");
        return answer.GetProperty("data");
    }

    private async Task ExecuteAsync(params string[] statements)
    {
        foreach (string sql in statements)
        {
            await using NpgsqlCommand command = Direct.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}

/// <summary>One request as statistics see it.</summary>
internal sealed record StatisticsRow(
    string Status, string Category, string? Agency, DateOnly Day, DateTime? DueAt, double? Seconds, double? Longitude, double? Latitude)
{
    private const string Sql =
        """
        select r.external_id, r.status::text, c.code, a.code, (r.created_at at time zone 'America/New_York')::date, r.due_at,
               case when r.closed_at is not null then greatest(extract(epoch from r.closed_at - r.created_at), 0)::float8 end,
               st_x(r.location), st_y(r.location)
        from service_request r join category c on c.city_id = r.city_id and c.id = r.category_id
        left join agency a on a.city_id = r.city_id and a.id = r.agency_id where r.city_id = 1
        """;

    public bool IsOpen => Status is "OPEN" or "ASSIGNED" or "IN_PROGRESS" or "PENDING";

    public static async Task<IReadOnlyDictionary<string, StatisticsRow>> ReadAsync(NpgsqlDataSource database)
    {
        var rows = new Dictionary<string, StatisticsRow>();
        await using NpgsqlCommand command = database.CreateCommand(Sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(
                reader.GetString(0),
                new StatisticsRow(
                    reader.GetString(1),
                    reader.GetString(2),
                    reader.IsDBNull(3) ? null : reader.GetString(3),
                    reader.GetFieldValue<DateOnly>(4),
                    reader.IsDBNull(5) ? null : reader.GetDateTime(5),
                    reader.IsDBNull(6) ? null : reader.GetDouble(6),
                    reader.IsDBNull(7) ? null : reader.GetDouble(7),
                    reader.IsDBNull(8) ? null : reader.GetDouble(8)));
        }

        return rows;
    }
}
