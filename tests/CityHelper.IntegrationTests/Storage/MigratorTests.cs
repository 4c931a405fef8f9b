using CityHelper.Data;
using CityHelper.Data.Import;
using CityHelper.Data.Migrations;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Storage;

[Collection(PostgresCollection.Name)]
public sealed class MigratorTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Of_servers_that_start_at_once_one_migrates_and_the_others_wait()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        IReadOnlyList<string>[] ran = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => new Migrator(database).MigrateAsync())));
        Assert.Equal(Migrator.ScriptNames, Assert.Single(ran, scripts => scripts.Count > 0));
        Assert.True(await new Migrator(database).IsUpToDateAsync());
    }

    [Fact]
    public async Task What_is_pending_is_named()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        Assert.Equal(Migrator.ScriptNames, await new Migrator(database).PendingAsync());
        await new Migrator(database).MigrateAsync();
        await ExecuteAsync(database, $"delete from {Migrator.JournalTable} where scriptname = '0002_import.sql'");
        Assert.Equal(["0002_import.sql"], await new Migrator(database).PendingAsync());
    }

    [Fact]
    public async Task A_script_that_fails_is_rolled_back_and_named()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        // The script's last table exists already, so it fails after it has made the others.
        await ExecuteAsync(database, "create table status_update (id int)");
        MigrationException failure = await Assert.ThrowsAsync<MigrationException>(() => new Migrator(database).MigrateAsync());
        Assert.StartsWith("Migration 0001_service_requests.sql failed and was rolled back: ", failure.Message, StringComparison.Ordinal);
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand command = dataSource.CreateCommand("select to_regclass('city') is null");
        Assert.Equal(true, await command.ExecuteScalarAsync());
    }

    /// <summary>The connection string's timeout is for statements of a second, not for building an index.</summary>
    [Fact]
    public async Task A_script_may_take_longer_than_the_timeout_of_a_command()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(database);
        await using NpgsqlConnection other = await dataSource.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await other.BeginTransactionAsync();
        await using var block = new NpgsqlCommand("create table service_request (id int)", other);
        await block.ExecuteNonQueryAsync();

        var impatient = new NpgsqlConnectionStringBuilder(database) { CommandTimeout = 2 };
        Task<IReadOnlyList<string>> migrating = new Migrator(impatient.ConnectionString).MigrateAsync();
        await LockWaits.UntilAsync(database, TimeSpan.FromSeconds(3), migrating);
        Assert.False(migrating.IsCompleted);
        await transaction.RollbackAsync();
        Assert.Equal(Migrator.ScriptNames, await migrating);
    }

    [Fact]
    public async Task What_is_pending_waits_for_imports_of_this_database_to_end()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        string another = await postgres.CreateEmptyDatabaseAsync();
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { Pooling = false });
        await using (NpgsqlConnection import = await dataSource.OpenConnectionAsync())
        {
            await using var hold = new NpgsqlCommand($"select pg_advisory_lock({Importer.LockClass}, 7)", import);
            await hold.ExecuteNonQueryAsync();
            MigrationException refusal = await Assert.ThrowsAsync<MigrationException>(() => new Migrator(database).MigrateAsync());
            Assert.Equal("An import into this database is running: migrate when it has ended.", refusal.Message);
            Assert.Equal(Migrator.ScriptNames, await new Migrator(database).PendingAsync());
            Assert.Equal(Migrator.ScriptNames, await new Migrator(another).MigrateAsync());
        }

        Assert.Equal(Migrator.ScriptNames, await new Migrator(database).MigrateAsync());
    }

    /// <summary>Dropping an index locks the table until the script ends: after the builds, that is a moment.</summary>
    [Fact]
    public void Scripts_build_indexes_before_they_drop_any() => Assert.All(Migrator.ScriptNames, name =>
    {
        using var reader = new StreamReader(typeof(Migrator).Assembly.GetManifestResourceStream($"CityHelper.Data.Migrations.{name}")!);
        string script = reader.ReadToEnd();
        int drop = script.IndexOf("\ndrop index", StringComparison.Ordinal);
        Assert.True(drop < 0 || script.LastIndexOf("\ncreate", StringComparison.Ordinal) < drop, name);
    });

    [Fact]
    public async Task A_user_who_may_not_enable_extensions_is_told_what_to_do()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        string role = $"plain_{Guid.NewGuid():N}";
        await ExecuteAsync(database, $"create role {role} login password 'plain'");
        try
        {
            var plain = new NpgsqlConnectionStringBuilder(database) { Username = role, Password = "plain" };
            MigrationException failure = await Assert.ThrowsAsync<MigrationException>(() =>
                new Migrator(plain.ConnectionString).MigrateAsync());
            Assert.Equal(
                "PostGIS is not enabled in this database and this user may not enable it: "
                + "have a superuser run `create extension postgis` in it and migrate again.", failure.Message);

            await ExecuteAsync(database, "create extension postgis");
            failure = await Assert.ThrowsAsync<MigrationException>(() => new Migrator(plain.ConnectionString).MigrateAsync());
            Assert.Equal(
                "pg_trgm is not enabled in this database and this user may not enable it: "
                + "have a superuser run `create extension pg_trgm` in it and migrate again.", failure.Message);

            // A trusted extension: a role that may create in the database and its schema need not be a superuser.
            await ExecuteAsync(
                database,
                $"grant create on database {database.Split("Database=")[1].Split(';')[0]} to {role}; grant create on schema public to "
                    + $"{role}");
            Assert.Equal(Migrator.ScriptNames, await new Migrator(plain.ConnectionString).MigrateAsync());
        }
        finally
        {
            await ExecuteAsync(database, $"drop owned by {role} cascade; drop role {role}");
        }
    }

    /// <summary>Pooled connections remember types; the program must not use one opened before the migration.</summary>
    [Fact]
    public async Task A_pool_that_is_made_after_migrating_knows_the_types()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        await new Migrator(database).MigrateAsync();
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(database);
        await using NpgsqlCommand command = dataSource.CreateCommand("select 'IN_PROGRESS'::service_request_status");
        Assert.Equal(CityHelper.Data.Model.ServiceRequestStatus.InProgress, await command.ExecuteScalarAsync());
    }

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { Pooling = false });
        await using NpgsqlCommand command = dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
