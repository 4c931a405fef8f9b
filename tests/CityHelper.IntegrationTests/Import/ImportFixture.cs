using System.IO.Compression;
using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Import;

/// <summary>A database with New York in it, an importer with small batches, and a folder for files; new for every test.</summary>
[Collection(PostgresCollection.Name)]
public abstract class ImportFixture(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cityhelper-import-").FullName;

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    protected NpgsqlDataSource Database { get; private set; } = null!;

    protected string ConnectionString { get; private set; } = "";

    protected CityEntry City { get; private set; } = null!;

    protected string Folder => _folder;

    protected string RejectsFolder => Path.Combine(_folder, "rejects");

    public async Task InitializeAsync()
    {
        ConnectionString = await postgres.CreateCopyAsync("new york", AddNewYorkAsync);
        Database = CityHelperDatabase.CreateDataSource(ConnectionString);
        City = (await new CityDirectory(Database, Time).FindAsync("nyc"))!;
    }

    public async Task DisposeAsync()
    {
        await Database.DisposeAsync();
        await postgres.DropDatabaseAsync(ConnectionString);
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AddNewYorkAsync(string database)
    {
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(database);
        await new CityDirectory(dataSource, Time).AddAsync(NewYork.Facts);

        // Without the events of the new city: the log of every test begins with what the test does.
        await using NpgsqlCommand clear = dataSource.CreateCommand("delete from change_outbox; delete from change");
        await clear.ExecuteNonQueryAsync();
    }

    /// <summary>Batches of three rows, so that a dozen rows make several.</summary>
    protected Importer Importer(int batchRows = 3) => new(Database, Time, RejectsFolder) { BatchRows = batchRows };

    protected string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    protected string Write(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>A file of these columns; the first three are key, creation time and type.</summary>
    protected string WriteRows(string columns, params string[] rows) =>
        Write(
            $"rows-{Guid.NewGuid():N}.csv",
            $"Unique Key,Created Date,Complaint Type{(columns.Length > 0 ? "," : "")}{columns}\n{string.Join('\n', rows)}\n");

    protected static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    protected async Task<ImportSummary> ImportAsync(string path, int batchRows = 3)
    {
        ImportOutcome outcome = await Importer(batchRows).ImportFileAsync(City, new NewYorkSource(), path);
        Assert.Null(outcome.Failure);
        return outcome.Summary!;
    }

    /// <summary>The sentence with which a file is refused.</summary>
    protected async Task<string> RefusedAsync(string path)
    {
        ImportOutcome outcome = await Importer().ImportFileAsync(City, new NewYorkSource(), path);
        Assert.Null(outcome.Summary);
        return outcome.Failure!;
    }

    /// <summary>The rows of a query as text, columns joined by a bar, null as a dash.</summary>
    protected async Task<IReadOnlyList<string>> RowsAsync(string sql)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "-" : reader.GetString(i))));
        }

        return rows;
    }

    /// <summary>
    /// Changes a request as a mutation does: locks and reads the row, changes it, and appends the delta. <paramref name="change"/> is the
    /// text after <c>set</c>.
    /// </summary>
    protected static async Task ChangeAsync(NpgsqlConnection connection, string externalId, string change)
    {
        await using var command = new NpgsqlCommand(
            $"""
            with before as materialized (
                select r as whole, r.city_id, r.id from service_request r
                where r.city_id = 1 and r.external_id = '{externalId}' for no key update
            ), after as (
                update service_request u set {change} from before b where u.city_id = 1 and u.id = b.id returning u as whole, b.whole as was
            )
            select record_service_request_change(was, whole) from after
            """, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>All rows of a city, byte for byte, to verify that nothing changed.</summary>
    protected async Task<string> ContentAsync() => string.Join('\n', await RowsAsync(
        """
        select line from (
            select 1 as part, id, r::text as line from service_request r
            union all select 2, id, u::text from status_update u
            union all select 3, service_request_id, e::text from service_request_external_id e
            union all select 4, id, c::text from category c
            union all select 5, id, a::text from agency a) everything
        order by part, id, line
        """));

    /// <summary>Changes a request as a mutation does, with its delta.</summary>
    protected async Task ChangeAsync(string externalId, string change)
    {
        await using NpgsqlConnection connection = await Database.OpenConnectionAsync();
        await ChangeAsync(connection, externalId, change);
    }

    protected async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
