using CityHelper.Data;
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
        IReadOnlyList<string>[] ran = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => new Migrator(database).MigrateAsync())));
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
    public async Task A_script_that_fails_is_rolled_back_whole_and_named()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        // The script's last table is there already, so it fails after it has made the others.
        await ExecuteAsync(database, "create table status_update (id int)");
        MigrationException failure = await Assert.ThrowsAsync<MigrationException>(() => new Migrator(database).MigrateAsync());
        Assert.StartsWith("Migration 0001_service_requests.sql failed and was rolled back: ", failure.Message, StringComparison.Ordinal);
        await using NpgsqlDataSource dataSource = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand command = dataSource.CreateCommand("select to_regclass('city') is null");
        Assert.Equal(true, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_user_who_may_not_enable_PostGIS_is_told_what_to_do()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        string role = $"plain_{Guid.NewGuid():N}";
        await ExecuteAsync(database, $"create role {role} login password 'plain'");
        try
        {
            var plain = new NpgsqlConnectionStringBuilder(database) { Username = role, Password = "plain" };
            MigrationException failure = await Assert.ThrowsAsync<MigrationException>(() => new Migrator(plain.ConnectionString).MigrateAsync());
            Assert.Equal(
                "PostGIS is not enabled in this database and this user may not enable it: "
                + "have a superuser run `create extension postgis` in it and migrate again.", failure.Message);
        }
        finally
        {
            await ExecuteAsync(database, $"drop role {role}");
        }
    }

    /// <summary>Connections of a pool remember types; one that was opened before must not be what the program then uses.</summary>
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
