using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>What the connections that answer queries may do, whatever the database allows.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ReadingConnectionTests(PostgresFixture postgres)
{
    [Fact]
    public async Task They_refuse_writes_and_a_batch_is_one_snapshot()
    {
        string database = await postgres.CreateDatabaseAsync();
        await using NpgsqlDataSource reading = ReadingConnections.Create(database, 2, NullLoggerFactory.Instance);
        await using NpgsqlCommand write = reading.CreateCommand("delete from city");
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => write.ExecuteNonQueryAsync());
        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, refused.SqlState);
        await using NpgsqlCommand isolation = reading.CreateCommand("show transaction_isolation");
        Assert.Equal("repeatable read", await isolation.ExecuteScalarAsync());
    }
}
