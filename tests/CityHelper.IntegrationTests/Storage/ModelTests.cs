using CityHelper.Data;
using CityHelper.Data.Migrations;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Storage;

/// <summary>The EF Core model, the migrations and the checked-in schema agree.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ModelTests(PostgresFixture postgres) : IAsyncLifetime
{
    // Known to SQL only: tables of the importer and the migrations.
    private static readonly string[] WithoutEntity =
    [
        "boundary_revision",
        "change",
        "change_epoch",
        "change_outbox",
        "idempotency_key",
        "import_run",
        "schema_version",
        "service_request_external_id",
        "spatial_ref_sys",
    ];

    private NpgsqlDataSource _database = null!;
    private IRelationalModel _model = null!;

    public async Task InitializeAsync()
    {
        _database = CityHelperDatabase.CreateDataSource(await postgres.CreateDatabaseAsync());
        var options = new DbContextOptionsBuilder<CityHelperContext>();
        options.UseCityHelper(_database);
        await using var context = new CityHelperContext(options.Options);
        _model = context.GetService<IDesignTimeModel>().Model.GetRelationalModel();
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Tables_are_the_same() =>
        Assert.Equal(
            Tables().Select(table => table.Name).Concat(WithoutEntity).Order(StringComparer.Ordinal),
            await LinesAsync(
                "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition")
        );

    [Fact]
    public async Task Columns_types_and_nullability_are_the_same() => Assert.Equal(
        Tables().SelectMany(table => table.Columns.Select(column =>
            $"{table.Name}.{column.Name} "
                + $"{column.StoreType.Replace(", ", ",", StringComparison.Ordinal)}{(column.IsNullable ? "" : " not null")}"
                + (column.ComputedColumnSql is null ? "" : " generated")))
            .Order(StringComparer.Ordinal),
        await LinesAsync(
            $"""
            select format('%s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                case when a.attnotnull then ' not null' else '' end, case when a.attgenerated = 's' then ' generated' else '' end)
            from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where {Ours}
            """));

    [Fact]
    public async Task Primary_keys_are_the_same() => Assert.Equal(
        Tables().Select(table => $"{table.Name} "
            + $"({string.Join(", ", table.PrimaryKey!.Columns.Select(column => column.Name))})").Order(StringComparer.Ordinal),
        await LinesAsync(
            $"select format('%s %s', c.relname, substring(pg_get_constraintdef(k.oid) from '\\([^)]*\\)')) from pg_constraint k join "
                + $"pg_class c on c.oid = k.conrelid where k.contype = 'p' and {Ours}"));

    [Fact]
    public async Task Foreign_keys_are_the_same() => Assert.Equal(
        // The updates' key joins partition to partition; the partition tests check it. The city's key is no navigation.
        Tables().SelectMany(table => table.ForeignKeyConstraints.Select(key =>
                $"{table.Name} ({string.Join(", ", key.Columns.Select(column => column.Name))}) {key.PrincipalTable.Name}"))
            .Where(key => !key.StartsWith("status_update", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        await LinesAsync(
            $"""
            select format('%s %s %s', c.relname, substring(pg_get_constraintdef(k.oid) from '\([^)]*\)'), k.confrelid::regclass)
            from pg_constraint k join pg_class c on c.oid = k.conrelid
            where k.contype = 'f' and k.conparentid = 0 and k.confrelid <> 'city'::regclass and {Ours}
            """));

    [Fact]
    public async Task Labels_of_the_status_are_the_same() =>
        Assert.Equal(
            Enum.GetNames<ServiceRequestStatus>().Select(StatusLabels.Translator.TranslateMemberName),
            await LinesAsync(
                "select enumlabel from pg_enum where enumtypid = 'service_request_status'::regtype order by enumsortorder", sorted: false));

    /// <summary>CITYHELPER_UPDATE_SCHEMA=1 writes the file after a new migration.</summary>
    [Fact]
    public async Task The_checked_in_schema_is_that_of_the_migrations()
    {
        string path = Repository.PathOf("schema", "database.sql");
        string now = await SchemaDescription.ReadAsync(_database);
        if (Environment.GetEnvironmentVariable("CITYHELPER_UPDATE_SCHEMA") == "1")
        {
            await File.WriteAllTextAsync(path, now);
        }

        Assert.Equal(await File.ReadAllTextAsync(path), now);
    }

    private string Ours => $"c.relname in ({string.Join(", ", Tables().Select(table => $"'{table.Name}'"))})";

    private IEnumerable<ITable> Tables() => _model.Tables;

    private async Task<IReadOnlyList<string>> LinesAsync(string sql, bool sorted = true)
    {
        await using NpgsqlCommand command = _database.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        return sorted ? [.. lines.Order(StringComparer.Ordinal)] : lines;
    }
}
