using CityHelper.Data.Migrations;
using CityHelper.IntegrationTests.Redis;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Postgres;

/// <summary>The tests that share one PostgreSQL and one Redis; each class has its own databases there.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>, ICollectionFixture<RedisFixture>
{
    public const string Name = "postgres";
}

/// <summary>
/// A real PostgreSQL with PostGIS: the one of <c>CITYHELPER_TEST_DATABASE</c> (a superuser's connection string), else a private one that
/// lives as long as the tests.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private const string Template = "cityhelper_template";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"cityhelper-tests-{Guid.NewGuid():N}");
    private readonly List<string> _databases = [];
    private readonly Dictionary<string, Task<string>> _templates = [];
    private readonly Dictionary<string, Task<string>> _shared = [];
    private string _server = "";
    private bool _private;

    /// <summary>Whether the cluster is private and on this machine, so that the memory of its processes can be read.</summary>
    public bool IsPrivate => _private;

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
        await CopyAsync(Template, name);
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

    /// <summary>A copy of a database that is filled once per test run, for all classes that need it: a second or two each.</summary>
    /// <param name="template">The name of the original.</param>
    /// <param name="fill">Fills a migrated database, given its connection string, and leaves no connection to it open.</param>
    /// <returns>The copy's connection string.</returns>
    public async Task<string> CreateCopyAsync(string template, Func<string, Task> fill)
    {
        // The tests of a collection run one after another.
        if (!_templates.TryGetValue(template, out Task<string>? filled))
        {
            _templates[template] = filled = FillAsync();
        }

        string name = $"test_{Guid.NewGuid():N}";
        await CopyAsync(await filled, name);
        return Named(name);

        async Task<string> FillAsync()
        {
            string connectionString = await CreateDatabaseAsync();
            await fill(connectionString);
            return new NpgsqlConnectionStringBuilder(connectionString).Database!;
        }
    }

    /// <summary>
    /// A copy as <see cref="CreateCopyAsync"/> makes it, once per test run, for all classes that only read: whoever writes to it gets an
    /// error.
    /// </summary>
    /// <returns>Its connection string.</returns>
    public Task<string> ShareCopyAsync(string template, Func<string, Task> fill)
    {
        if (!_shared.TryGetValue(template, out Task<string>? shared))
        {
            _shared[template] = shared = ShareAsync();
        }

        return shared;

        // A failure stays: every class that needs the rows fails with it, and none waits for a second try.
        async Task<string> ShareAsync()
        {
            string connectionString = await CreateCopyAsync(template, fill);
            string name = new NpgsqlConnectionStringBuilder(connectionString).Database!;
            await ExecuteAsync($"alter database {name} set default_transaction_read_only = on");
            return connectionString;
        }
    }

    /// <summary>Drops a database that a test no longer needs: hundreds of them take a minute to delete at the end.</summary>
    public async Task DropDatabaseAsync(string connectionString)
    {
        string name = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        await ExecuteAsync($"drop database {name} with (force)");
        _databases.Remove(name);
    }

    // Copying files takes half the time of logging each block, and the cluster is not kept.
    private async Task CopyAsync(string template, string name)
    {
        await ExecuteAsync($"create database {name} template {template} strategy file_copy");
        _databases.Add(name);
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
