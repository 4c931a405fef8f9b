using CityHelper.Data.Migrations;
using CityHelper.IntegrationTests.Redis;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Postgres;

/// <summary>The tests that share one PostgreSQL and one Redis; each class has databases of its own in them.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>, ICollectionFixture<RedisFixture>
{
    public const string Name = "postgres";
}

/// <summary>
/// A real PostgreSQL with PostGIS: the one of <c>CITYHELPER_TEST_DATABASE</c> (a superuser's connection string), else a private one
/// that lives as long as the tests.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private const string Template = "cityhelper_template";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"cityhelper-tests-{Guid.NewGuid():N}");
    private readonly List<string> _databases = [];
    private string _server = "";
    private bool _private;

    public async Task InitializeAsync()
    {
        string? given = Environment.GetEnvironmentVariable("CITYHELPER_TEST_DATABASE");
        _private = string.IsNullOrEmpty(given);
        _server = _private ? await EngScript.RunAsync("postgres", "start", _folder, "--ephemeral") : given!;
        await ExecuteAsync($"drop database if exists {Template}", $"create database {Template}");
        await new Migrator(Named(Template)).MigrateAsync();
    }

    public async Task DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_private)
        {
            await EngScript.RunAsync("postgres", "remove", _folder);
            return;
        }

        await ExecuteAsync([.. _databases.Append(Template).Select(name => $"drop database if exists {name} with (force)")]);
    }

    /// <summary>A new migrated database without rows.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        string name = $"test_{Guid.NewGuid():N}";
        await ExecuteAsync($"create database {name} template {Template}");
        _databases.Add(name);
        return Named(name);
    }

    /// <summary>A new database without any schema.</summary>
    public async Task<string> CreateEmptyDatabaseAsync()
    {
        string name = $"test_{Guid.NewGuid():N}";
        await ExecuteAsync($"create database {name}");
        _databases.Add(name);
        return Named(name);
    }

    private string Named(string database) => new NpgsqlConnectionStringBuilder(_server) { Database = database }.ConnectionString;

    private async Task ExecuteAsync(params string[] statements)
    {
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_server) { Pooling = false });
        foreach (string statement in statements)
        {
            await using NpgsqlCommand command = dataSource.CreateCommand(statement);
            await command.ExecuteNonQueryAsync();
        }
    }
}
